// What shows a Temporal server who asks: TLS material and API key, in files that change while the worker runs (a mounted Secret).
// May read those files. Knows no connection.

import { readFile } from 'node:fs/promises';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { BadInput, fileReason, type Problem } from './problem.js';

/** Flags and files, by the flags that name them. */
export interface CredentialFiles {
  readonly tls: boolean;
  readonly 'tls-ca'?: string | undefined;
  readonly 'tls-cert'?: string | undefined;
  readonly 'tls-key'?: string | undefined;
  readonly 'tls-server-name'?: string | undefined;
  readonly 'api-key-file'?: string | undefined;
}

/** What the files hold, as the SDK takes it. */
export type Credentials = Pick<NativeConnectionOptions, 'tls' | 'apiKey'>;

/** Reads the files as they are now; throws `BadInput` with all that can't be read. A TLS detail or a key turns TLS on. */
export async function readCredentials(files: CredentialFiles): Promise<Credentials> {
  const problems: Problem[] = [];
  const bytes = async (flag: 'tls-ca' | 'tls-cert' | 'tls-key' | 'api-key-file') => {
    const file = files[flag];
    if (file === undefined) return undefined;
    const read = await readFile(file).catch((thrown: unknown) => void problems.push(problem(flag, `${file} can't be read: ${fileReason(thrown)}`)));
    if (read?.toString('utf8').trim() === '') problems.push(problem(flag, `${file} is empty`));
    return read ?? undefined;
  };
  const [crt, key, ca, apiKey] = [await bytes('tls-cert'), await bytes('tls-key'), await bytes('tls-ca'), await bytes('api-key-file')];
  if ((files['tls-cert'] === undefined) !== (files['tls-key'] === undefined)) {
    const missing = files['tls-cert'] === undefined ? 'tls-cert' : 'tls-key';
    problems.push(problem(missing, 'is missing: a client certificate needs both --tls-cert and --tls-key'));
  }
  if (problems.length > 0) throw new BadInput(problems);
  const serverName = files['tls-server-name'];
  const tls = {
    ...(serverName === undefined ? {} : { serverNameOverride: serverName }),
    ...(ca === undefined ? {} : { serverRootCACertificate: ca }),
    ...(crt === undefined || key === undefined ? {} : { clientCertPair: { crt, key } }),
  };
  const wanted = files.tls || apiKey !== undefined || Object.keys(tls).length > 0;
  return { ...(wanted ? { tls } : {}), ...(apiKey === undefined ? {} : { apiKey: apiKey.toString('utf8').trim() }) };
}

/** Whether two readings have the same TLS material: what a connection can't change while it is open. */
export function sameTls(a: Credentials, b: Credentials): boolean {
  return JSON.stringify(a.tls) === JSON.stringify(b.tls);
}

function problem(flag: string, message: string): Problem {
  return { file: 'command line', field: `--${flag}`, message };
}
