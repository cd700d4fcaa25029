// The command lines of main, bundle and replay, as typed settings; README.md lists the flags.
// May read the TLS and API key files that flags name. Knows no worker.

import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { msToNumber, type Duration } from '@temporalio/common/lib/time.js';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { LOG_LEVELS } from './log.js';
import { BadInput, fileReason, messageOf, type Problem } from './problem.js';

/** Settings of `main.js`. */
export interface ServeSettings {
  readonly bundle: string;
  readonly versions: readonly string[];
  readonly connection: NativeConnectionOptions & { readonly address: string };
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
  readonly histories: readonly string[];
  readonly logLevel: LogLevelName;
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
const SERVE_FLAGS = {
  bundle: text,
  version: { type: 'string', multiple: true },
  address: text,
  namespace: text,
  http: { type: 'string', default: '127.0.0.1:0' },
  'shutdown-grace': { type: 'string', default: '10s' },
  'max-concurrent-activities': text,
  identity: text,
  tls: { type: 'boolean', default: false },
  'tls-ca': text,
  'tls-cert': text,
  'tls-key': text,
  'tls-server-name': text,
  'api-key-file': text,
  'log-level': { type: 'string', default: 'info' },
} as const;
const REPLAY_FLAGS = { bundle: text, version: text, 'log-level': { type: 'string', default: 'warn' } } as const;
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
    connection: { address: flags.required('--address', values.address), ...(await connectionSecurity(flags, values)) },
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
export function replaySettings(args: readonly string[]): ReplaySettings {
  const { values, positionals } = parse(() => parseArgs({ args: [...args], options: REPLAY_FLAGS, allowPositionals: true }));
  const flags = new Flags();
  if (positionals.length === 0) flags.refuse('HISTORY.json', 'is missing: name at least one history file');
  const settings: ReplaySettings = {
    bundle: flags.required('--bundle', values.bundle),
    version: flags.required('--version', values.version),
    histories: positionals,
    logLevel: flags.logLevel(values['log-level']),
  };
  flags.finish();
  return settings;
}

/** Parses the arguments of `bundle.js`; throws `BadInput` with every flag that is wrong. */
export function bundleSettings(args: readonly string[]): BundleSettings {
  const { values } = parse(() => parseArgs({ args: [...args], options: BUNDLE_FLAGS }));
  const flags = new Flags();
  const settings: BundleSettings = { out: flags.required('--out', values.out), logLevel: flags.logLevel(values['log-level']) };
  flags.finish();
  return settings;
}

type SecurityFlags = Partial<Record<'tls-ca' | 'tls-cert' | 'tls-key' | 'tls-server-name' | 'api-key-file', string>> & { tls: boolean };

/** TLS and API key; a TLS detail or a key turns TLS on. */
async function connectionSecurity(flags: Flags, values: SecurityFlags): Promise<NativeConnectionOptions> {
  const cert = await flags.bytes('--tls-cert', values['tls-cert']);
  const key = await flags.bytes('--tls-key', values['tls-key']);
  const ca = await flags.bytes('--tls-ca', values['tls-ca']);
  const apiKey = (await flags.bytes('--api-key-file', values['api-key-file']))?.toString('utf8').trim();
  if ((values['tls-cert'] === undefined) !== (values['tls-key'] === undefined)) {
    flags.refuse(values['tls-cert'] === undefined ? '--tls-cert' : '--tls-key', 'is missing: a client certificate needs both --tls-cert and --tls-key');
  }
  const tls = {
    ...given('serverNameOverride', values['tls-server-name']),
    ...given('serverRootCACertificate', ca),
    ...given('clientCertPair', cert !== undefined && key !== undefined ? { crt: cert, key } : undefined),
  };
  const wanted = values.tls || apiKey !== undefined || Object.keys(tls).length > 0;
  return { ...(wanted ? { tls } : {}), ...given('apiKey', apiKey) };
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

  logLevel(value: string): LogLevelName {
    const level = LOG_LEVELS.find((name) => name === value);
    if (level === undefined) this.refuse('--log-level', `must be one of ${LOG_LEVELS.join(', ')}, but is '${value}'`);
    return level ?? 'info';
  }

  async bytes(flag: string, file: string | undefined): Promise<Buffer | undefined> {
    if (file === undefined) return undefined;
    try {
      return await readFile(file);
    } catch (thrown) {
      this.refuse(flag, `${file} can't be read: ${fileReason(thrown)}`);
      return undefined;
    }
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
