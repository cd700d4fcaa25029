// The command lines of main, bundle and replay, as typed settings; README.md lists the flags.
// Looks whether the TLS and API key files that flags name can be read. Knows no worker.

import { parseArgs } from 'node:util';
import { msToNumber, type Duration } from '@temporalio/common/lib/time.js';
import type { ServerSettings } from './connection.js';
import { readCredentials, type CredentialFiles } from './credentials.js';
import { LOG_LEVELS } from './log.js';
import type { OpenOn } from './open-executions.js';
import { BadInput, messageOf, type Problem } from './problem.js';

/** Settings of `main.js`. */
export interface ServeSettings {
  readonly bundle: string;
  readonly versions: readonly string[];
  readonly server: ServerSettings;
  readonly namespace: string;
  readonly http: HostPort;
  readonly shutdownGraceMs: number;
  readonly maxConcurrentActivities?: number;
  readonly identity?: string;
  readonly logLevel: LogLevelName;
}

/** Settings of `replay.js`. */
export interface ReplaySettings {
  readonly bundle: string;
  readonly version: string;
  readonly histories: readonly string[] | OpenHistories;
  /** Where the summary goes beside the last line of the output. */
  readonly summary?: string;
  readonly logLevel: LogLevelName;
}

/** Histories of a server. */
export interface OpenHistories {
  readonly server: ServerSettings;
  readonly namespace: string;
  readonly wanted: OpenOn;
}

/** Settings of `bundle.js`. */
export interface BundleSettings {
  readonly out: string;
  readonly logLevel: LogLevelName;
}

/** Where to listen; port 0 is any free port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export type LogLevelName = (typeof LOG_LEVELS)[number];

const text = { type: 'string' } as const;
const SERVER_FLAGS = {
  address: text,
  namespace: text,
  tls: { type: 'boolean', default: false },
  'tls-ca': text,
  'tls-cert': text,
  'tls-key': text,
  'tls-server-name': text,
  'api-key-file': text,
} as const;
const SERVE_FLAGS = {
  bundle: text,
  version: { type: 'string', multiple: true },
  ...SERVER_FLAGS,
  http: { type: 'string', default: '127.0.0.1:0' },
  'shutdown-grace': { type: 'string', default: '10s' },
  'max-concurrent-activities': text,
  identity: text,
  'log-level': { type: 'string', default: 'info' },
} as const;
const REPLAY_FLAGS = {
  bundle: text,
  version: text,
  ...SERVER_FLAGS,
  'open-on': text,
  types: text,
  limit: text,
  summary: text,
  'log-level': { type: 'string', default: 'warn' },
} as const;
const BUNDLE_FLAGS = { out: text, 'log-level': { type: 'string', default: 'warn' } } as const;

/** Parses the arguments of `main.js`; throws `BadInput` with every flag that is wrong. */
export async function serveSettings(args: readonly string[]): Promise<ServeSettings> {
  const { values } = parse(() => parseArgs({ args: [...args], options: SERVE_FLAGS }));
  const flags = new Flags();
  const versions = values.version ?? [];
  if (versions.length === 0) flags.refuse('--version', 'is missing: name at least one version directory');
  const settings: ServeSettings = {
    bundle: flags.required('--bundle', values.bundle),
    versions,
    server: { address: flags.required('--address', values.address), credentials: await flags.credentials(values) },
    namespace: flags.required('--namespace', values.namespace),
    http: flags.hostPort('--http', values.http),
    shutdownGraceMs: flags.duration('--shutdown-grace', values['shutdown-grace']),
    ...given('maxConcurrentActivities', flags.count('--max-concurrent-activities', values['max-concurrent-activities'])),
    ...given('identity', values.identity),
    logLevel: flags.logLevel(values['log-level']),
  };
  flags.finish();
  return settings;
}

/** Parses the arguments of `replay.js`; throws `BadInput` with every flag that is wrong. */
export async function replaySettings(args: readonly string[]): Promise<ReplaySettings> {
  const { values, positionals } = parse(() => parseArgs({ args: [...args], options: REPLAY_FLAGS, allowPositionals: true }));
  const flags = new Flags();
  const { 'open-on': openOn, ...others } = values;
  if (openOn === undefined && positionals.length === 0) {
    flags.refuse('HISTORY.json', 'is missing: name at least one history file, or a worker deployment with --open-on');
  }
  if (openOn !== undefined && positionals.length > 0) flags.refuse('--open-on', 'is given, but history files too: name one or the other');
  const settings: ReplaySettings = {
    bundle: flags.required('--bundle', values.bundle),
    version: flags.required('--version', values.version),
    histories: openOn === undefined ? positionals : await openHistories(flags, openOn, others),
    ...given('summary', values.summary),
    logLevel: flags.logLevel(values['log-level']),
  };
  flags.finish();
  return settings;
}

type OpenFlags = CredentialFiles & Partial<Record<'address' | 'namespace' | 'types' | 'limit', string>>;

async function openHistories(flags: Flags, deployment: string, values: OpenFlags): Promise<OpenHistories> {
  return {
    server: { address: flags.required('--address', values.address), credentials: await flags.credentials(values) },
    namespace: flags.required('--namespace', values.namespace),
    wanted: {
      deployment: flags.required('--open-on', deployment),
      ...given('types', values.types?.split(',').filter((type) => type !== '')),
      ...given('limit', flags.count('--limit', values.limit)),
    },
  };
}

/** Parses the arguments of `bundle.js`; throws `BadInput` with every flag that is wrong. */
export function bundleSettings(args: readonly string[]): BundleSettings {
  const { values } = parse(() => parseArgs({ args: [...args], options: BUNDLE_FLAGS }));
  const flags = new Flags();
  const settings: BundleSettings = { out: flags.required('--out', values.out), logLevel: flags.logLevel(values['log-level']) };
  flags.finish();
  return settings;
}

/** Checks flags one by one and collects what is wrong. */
class Flags {
  readonly #problems: Problem[] = [];

  refuse(field: string, message: string): void {
    this.#problems.push({ file: 'command line', field, message });
  }

  finish(): void {
    if (this.#problems.length > 0) throw new BadInput(this.#problems);
  }

  required(flag: string, value: string | undefined): string {
    if (value === undefined || value === '') this.refuse(flag, 'is missing');
    return value ?? '';
  }

  duration(flag: string, value: string): number {
    try {
      const ms = msToNumber(value as Duration);
      if (ms >= 0) return ms;
    } catch {
      // Said below.
    }
    this.refuse(flag, `must be a duration like 10s or 2m, but is '${value}'`);
    return 0;
  }

  count(flag: string, value: string | undefined): number | undefined {
    if (value === undefined || /^[1-9]\d{0,6}$/.test(value)) return value === undefined ? undefined : Number(value);
    this.refuse(flag, `must be a whole number of at least 1, but is '${value}'`);
    return undefined;
  }

  hostPort(flag: string, value: string): HostPort {
    const [, host, port] = /^(?:\[?([^\]]+)\]?):(\d{1,5})$/.exec(value) ?? [];
    if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) };
    this.refuse(flag, `must be HOST:PORT, but is '${value}'`);
    return { host: '', port: 0 };
  }

  /** The flags that name credentials, when what they name can be read now. */
  async credentials(files: CredentialFiles): Promise<CredentialFiles> {
    try {
      await readCredentials(files);
    } catch (thrown) {
      if (!(thrown instanceof BadInput)) throw thrown;
      this.#problems.push(...thrown.problems);
    }
    const { tls, 'tls-ca': ca, 'tls-cert': cert, 'tls-key': key, 'tls-server-name': name, 'api-key-file': apiKey } = files;
    return { tls, 'tls-ca': ca, 'tls-cert': cert, 'tls-key': key, 'tls-server-name': name, 'api-key-file': apiKey };
  }

  logLevel(value: string): LogLevelName {
    const level = LOG_LEVELS.find((name) => name === value);
    if (level === undefined) this.refuse('--log-level', `must be one of ${LOG_LEVELS.join(', ')}, but is '${value}'`);
    return level ?? 'info';
  }
}

function parse<T>(run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    throw new BadInput([{ file: 'command line', message: messageOf(thrown) }]);
  }
}

function given<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return (value === undefined ? {} : { [key]: value }) as Partial<Record<K, V>>;
}
