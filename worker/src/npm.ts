// npm as a process: with settings of ours only, a deadline, and its errors as reasons.
// Knows no request.

import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failureOf, InstallFailure } from './npm-failure.js';

/** Runs npm with these arguments; `about` is what a message names. */
export type Npm = (args: readonly string[], how: { about: string; offline?: boolean; scripts?: boolean }) => Promise<string>;

/** Settings that a Secret brings, by npm's names. */
export type Secret = Readonly<Record<string, string>>;

interface Options {
  readonly cwd: string;
  readonly work: string;
  readonly registry: string;
  /** In seconds. */
  readonly deadline: number | undefined;
  readonly secret?: Secret;
}

const DEFAULT_DEADLINE = 600;
/** How much of what npm says is kept. */
const KEPT = 64 * 1024;

/** npm's settings for a registry, from a folder with `token`, or `username` and `password`. */
export async function readCredentials(folder: string, registry: string): Promise<Secret> {
  const names = await readdir(folder);
  const read = async (name: string) => (names.includes(name) ? (await readFile(join(folder, name), 'utf8')).trim() : undefined);
  const host = `//${registry.replace(/^https?:\/\//, '').replace(/\/*$/, '')}/`;
  const [token, username, password] = [await read('token'), await read('username'), await read('password')];
  if (token !== undefined) return { [`${host}:_authToken`]: token };
  if (username !== undefined && password !== undefined) return { [`${host}:_auth`]: Buffer.from(`${username}:${password}`).toString('base64') };
  throw new InstallFailure('Unauthorized', 'the Secret of the npm registry has neither `token` nor `username` and `password`: give it one of them');
}

/** npm in a folder. Nothing of the surroundings reaches it but the path of programs. */
export function npm({ cwd, work, registry, deadline = DEFAULT_DEADLINE, secret = {} }: Options): Npm {
  const ends = Date.now() + deadline * 1000;
  const home = join(work, 'home');
  mkdirSync(home, { recursive: true });
  return async (args, { about, offline = false, scripts = false }) => {
    const settings = {
      registry,
      cache: join(work, 'cache'),
      userconfig: join(home, 'npmrc'),
      globalconfig: join(home, 'global-npmrc'),
      audit: 'false',
      fund: 'false',
      'update-notifier': 'false',
      'ignore-scripts': String(!scripts),
      // npm 12 has an allow list of its own, which knows packages by addresses that our lock files leave out. Ours are the arguments.
      ...(scripts ? { 'dangerously-allow-all-scripts': 'true' } : {}),
      'omit-lockfile-registry-resolved': 'true',
      offline: String(offline),
      'fetch-retries': '2',
      'fetch-retry-mintimeout': '1000',
      'fetch-retry-maxtimeout': '5000',
      'fetch-timeout': '60000',
      loglevel: 'error',
      ...secret,
    };
    const env = { PATH: process.env['PATH'] ?? '', HOME: home, ...Object.fromEntries(Object.entries(settings).map(([key, value]) => [`npm_config_${key}`, value])) };
    const { code, output, isLate } = await processOf([...args, '--json'], cwd, env, Math.max(1, ends - Date.now()));
    if (isLate) throw new InstallFailure('TooSlow', `npm ${args[0]} of ${about} did not end within the build's deadline: see what is slow, or raise spec.build.deadline`);
    if (code !== 0) throw failureOf(output, { about, registry, scripts });
    return output;
  };
}

async function processOf(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv, time: number): Promise<{ code: number | null; output: string; isLate: boolean }> {
  // A group of its own: what scripts start ends with it.
  const child = spawn('npm', args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  const take = (chunk: Buffer) => {
    process.stderr.write(chunk);
    output = (output + chunk.toString('utf8')).slice(-KEPT);
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, time);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    return { code, output, isLate };
  } finally {
    clearTimeout(timer);
  }
}
