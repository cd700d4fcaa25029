// What npm's error codes mean to who asked for a build: a reason and what to do.
// Pure.

/** A build that did not come to its end. */
export class InstallFailure extends Error {
  override readonly name = 'InstallFailure';
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message.replace(/\s*\n\s*/g, ' ').trim());
    this.reason = reason;
  }
}

const UNREACHABLE = ['ENOTFOUND', 'ECONNREFUSED', 'ECONNRESET', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EPIPE', 'E429', 'E500', 'E502', 'E503', 'E504', 'ENOTCACHED'];
const SLOW = ['ETIMEDOUT', 'ERR_SOCKET_TIMEOUT', 'ESOCKETTIMEDOUT', 'EIDLETIMEOUT'];
const SCRIPT_LINES = 600;

/** The failure that npm's output tells of. */
export function failureOf(output: string, { about, registry, scripts }: { about: string; registry: string; scripts: boolean }): InstallFailure {
  const { code, summary } = errorIn(output);
  const said = summary === '' ? output.trim().slice(-500) : summary;
  if (scripts && /SIGKILL|\bKilled\b/.test(output)) {
    return new InstallFailure('OutOfMemory', `the install script of ${about} was killed, most likely for more memory than the limit: raise it in spec.build.resources`);
  }
  if (scripts && !['ENOSPC', 'EDQUOT'].includes(code)) return new InstallFailure('InstallScript', `the install script of ${about} failed: ${tail(output)}`);
  if (['E401', 'E403', 'ENEEDAUTH'].includes(code)) {
    return new InstallFailure('Unauthorized', `${registry} refuses the credentials for ${about} (${code}): see that the Secret in spec.npm.secretName may read it`);
  }
  if (code === 'E404') return new InstallFailure('PackageNotFound', `${registry} has no package that ${about} asks for: ${said}`);
  if (['ETARGET', 'ENOVERSIONS'].includes(code)) return new InstallFailure('VersionNotFound', `no version fits ${about}: ${said}`);
  if (code === 'EINTEGRITY') {
    return new InstallFailure('IntegrityMismatch', `what ${registry} sent is not what it should be: ${said}; what was built serves on`);
  }
  if (UNREACHABLE.includes(code)) return new InstallFailure('RegistryUnreachable', `${registry} can't be reached for ${about} (${code}): ${said}; it is tried again`);
  if (SLOW.includes(code)) return new InstallFailure('TooSlow', `${registry} did not answer in time for ${about} (${code}); it is tried again`);
  if (['ENOSPC', 'EDQUOT'].includes(code)) return new InstallFailure('NoSpace', `there is no room for ${about}: raise the limit of ephemeral-storage in spec.build.resources`);
  if (code === 'EUSAGE') return new InstallFailure('LockfileMissing', `the lock file does not fit the package.json: ${said}`);
  return new InstallFailure('InstallFailed', `npm could not install ${about}${code === '' ? '' : ` (${code})`}: ${said}`);
}

/** npm says it as JSON where it can, and in lines where it can't. */
function errorIn(output: string): { code: string; summary: string } {
  for (let start = output.lastIndexOf('{\n'); start >= 0; start = start === 0 ? -1 : output.lastIndexOf('{\n', start - 1)) {
    const end = output.indexOf('\n}', start);
    if (end < 0) continue;
    try {
      const { error } = JSON.parse(output.slice(start, end + 2)) as { error?: { code?: string | number; summary?: string; detail?: string } };
      if (error !== undefined) return { code: String(error.code ?? ''), summary: [error.summary, error.detail].filter(Boolean).join(' ').slice(0, 1500) };
    } catch {
      // The next brace may open it.
    }
  }
  const code = /^npm (?:error|ERR!) code (\S+)/m.exec(output)?.[1] ?? '';
  const lines = [...output.matchAll(/^npm (?:error|ERR!) (?!code |A complete log|Log files)(.+)$/gm)].map(([, line]) => line);
  return { code, summary: lines.join(' ').slice(0, 1500) };
}

function tail(output: string): string {
  return output.trim().slice(-SCRIPT_LINES);
}
