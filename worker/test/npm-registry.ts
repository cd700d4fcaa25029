// A real npm registry (verdaccio) for tests, on loopback, with packages that are published to it from a few lines of text.
// Needs VERDACCIO, the path of its program. Ends with the test that started it.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { folder } from './lab.js';

const verdaccio = process.env['VERDACCIO'];

export interface NpmRegistry {
  readonly url: string;
  /** Where it keeps tarballs. */
  readonly storage: string;
  /** Publishes a package: its package.json and other files. */
  publish(manifest: { name: string; version: string; [field: string]: unknown }, files: Readonly<Record<string, string>>): Promise<void>;
  /** A token that may read `@private/…`. */
  token(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a registry: anyone may publish, `@private/…` is for users only. */
export async function npmRegistry(t: TestContext): Promise<NpmRegistry> {
  if (verdaccio === undefined || !existsSync(verdaccio)) {
    throw new Error('VERDACCIO must be the path of verdaccio; make test-worker installs it in tests/cluster/ground/npm-registry and sets it');
  }
  const dir = await folder(t);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const config = {
    storage: join(dir, 'storage'),
    auth: { htpasswd: { file: join(dir, 'users') } },
    packages: { '@private/*': { access: '$authenticated', publish: '$all' }, '**': { access: '$all', publish: '$all' } },
    log: { type: 'stdout', format: 'json', level: 'fatal' },
  };
  await writeFile(join(dir, 'config.json'), JSON.stringify(config));
  const child = spawn(process.execPath, [verdaccio, '--config', join(dir, 'config.json'), '--listen', `127.0.0.1:${port}`], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  t.after(stop);
  for (;;) {
    if (child.exitCode !== null) throw new Error(`verdaccio ended with code ${child.exitCode}`);
    if (await fetch(`${url}-/ping`).then((answer) => answer.ok, () => false)) break;
    await delay(50);
  }
  let count = 0;
  return {
    url,
    storage: config.storage,
    stop,
    async publish(manifest, files) {
      const at = join(dir, `package-${(count += 1)}`);
      for (const [name, text] of Object.entries({ 'package.json': JSON.stringify(manifest), ...files })) {
        await mkdir(dirname(join(at, name)), { recursive: true });
        await writeFile(join(at, name), text);
      }
      const env = { ...process.env, npm_config_registry: url, [`npm_config_//127.0.0.1:${port}/:_authToken`]: 'anyone' };
      const run = spawnSync('npm', ['publish', '--ignore-scripts', '--loglevel=error', ...(manifest.version.includes('-') ? ['--tag', 'next'] : [])], { cwd: at, env, encoding: 'utf8' });
      if (run.status !== 0) throw new Error(run.stderr);
    },
    async token() {
      const body = JSON.stringify({ name: 'reader', password: 'a long password' });
      const answer = await fetch(`${url}-/user/org.couchdb.user:reader`, { method: 'PUT', body, headers: { 'content-type': 'application/json' } });
      return ((await answer.json()) as { token: string }).token;
    },
  };
}

/** The tarballs that a registry keeps of a package. */
export async function tarballs(registry: NpmRegistry, name: string): Promise<string[]> {
  const at = join(registry.storage, name);
  return (await readdir(at)).filter((file) => file.endsWith('.tgz')).map((file) => join(at, file));
}

/** Changes a byte in the middle of a file. */
export async function corrupt(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes[Math.floor(bytes.length / 2)]! ^= 0xff;
  await writeFile(file, bytes);
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
