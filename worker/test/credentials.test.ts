// Credentials that are replaced while a worker runs: it goes on, without a restart and without losing an activity.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { bundle, connect, eventually, folder, makeCurrent, Program, unique, versionDir } from './lab.js';
import { certificate, TlsGateway, type Certificate } from './tls-gateway.js';

const ACTIVITY = {
  workflows: ['Call'],
  code: `const wf = require('@temporalio/workflow');
    exports.Call = async (...args) => wf.proxyActivities({ startToCloseTimeout: '10m', retry: { maximumAttempts: 1 } }).wait(...args);`,
  activities: `
    const { existsSync, writeFileSync } = require('node:fs');
    const { setTimeout } = require('node:timers/promises');
    exports.wait = async (file) => { writeFileSync(file + '.started', ''); while (!existsSync(file)) await setTimeout(10); return 'waited'; };`,
  names: ['wait'],
};

/** A folder whose files change all at once, as those of a mounted Secret do. */
class MountedSecret {
  #generation = 0;
  private constructor(readonly path: string) {}

  static async make(t: TestContext, files: Record<string, string>): Promise<MountedSecret> {
    const secret = new MountedSecret(await folder(t));
    await secret.replace(files);
    for (const name of Object.keys(files)) await symlink(join('..data', name), secret.file(name));
    return secret;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** `files`: their contents, or `@PATH` of a file to copy. */
  async replace(files: Record<string, string>): Promise<void> {
    const generation = `..${++this.#generation}`;
    await mkdir(this.file(generation));
    for (const [name, content] of Object.entries(files)) {
      const file = this.file(join(generation, name));
      await (content.startsWith('@') ? copyFile(content.slice(1), file) : writeFile(file, content));
    }
    await symlink(generation, this.file('..data_tmp'));
    await rename(this.file('..data_tmp'), this.file('..data'));
  }
}

interface Scene {
  readonly worker: Program;
  readonly name: string;
  /** Runs the workflow whose activity ends when the file `go` is there, which is at once. */
  call(): Promise<unknown>;
  /** The same, but the activity still runs when this resolves; returns the way to let it end. */
  begin(): Promise<() => Promise<unknown>>;
}

async function serveThrough(t: TestContext, gateway: TlsGateway, flags: readonly string[]): Promise<Scene> {
  const name = unique('queue');
  const dir = await versionDir(t, { ...ACTIVITY, name });
  const worker = new Program(t, 'main', ['--bundle', bundle, '--version', dir, '--address', gateway.address, '--namespace', 'default', ...flags]);
  const client = await connect(t);
  const files = await folder(t);
  const begin = async () => {
    const go = join(files, unique('go'));
    const handle = await client.workflow.start('Call', { taskQueue: name, workflowId: unique('run'), args: [go] });
    await eventually(() => (existsSync(`${go}.started`) ? true : undefined));
    return async () => {
      await writeFile(go, '');
      return handle.result();
    };
  };
  const ready = worker.event('ready').then(() => makeCurrent(client, name, 'A'));
  return { worker, name, begin, call: async () => (await ready, (await begin())()) };
}

async function authority(t: TestContext): Promise<{ dir: string; ca: Certificate; server: Certificate }> {
  const dir = await folder(t);
  const ca = certificate(dir, 'ca');
  return { dir, ca, server: certificate(dir, 'server', ca) };
}

test('a replaced API key is used without a restart, by polls and by an activity that was running', async (t) => {
  const { ca, server } = await authority(t);
  const gateway = await TlsGateway.start(t, ca, server, { apiKey: 'first' });
  const secret = await MountedSecret.make(t, { key: 'first\n' });
  const scene = await serveThrough(t, gateway, ['--tls-ca', ca.cert, '--api-key-file', secret.file('key')]);
  assert.equal(await scene.call(), 'waited');
  assert.deepEqual([...new Set(gateway.admitted.map(({ apiKey }) => apiKey))], ['first']);

  const end = await scene.begin();
  await secret.replace({ key: 'second\n' });
  await scene.worker.logged(({ message }) => message === 'The API key was replaced');
  gateway.admit({ apiKey: 'second' });
  assert.equal(await end(), 'waited');
  assert.equal(await scene.call(), 'waited');
  const paths = gateway.admitted.filter(({ apiKey }) => apiKey === 'second').map(({ path }) => path.split('/').at(-1));
  for (const path of ['PollWorkflowTaskQueue', 'PollActivityTaskQueue', 'RespondActivityTaskCompleted']) assert.ok(paths.includes(path), paths.join());
  assert.equal(gateway.refused, 0);
});

test('a key that the server refuses at first is awaited, and read again', async (t) => {
  const { ca, server } = await authority(t);
  const gateway = await TlsGateway.start(t, ca, server, { apiKey: 'second' });
  const secret = await MountedSecret.make(t, { key: 'first' });
  const scene = await serveThrough(t, gateway, ['--tls-ca', ca.cert, '--api-key-file', secret.file('key')]);
  const { error } = await scene.worker.logged(({ message }) => message.startsWith('No connection'));
  assert.match(String(error), /who are you/);
  await secret.replace({ key: 'second' });
  assert.equal(await scene.call(), 'waited');
});

test('replaced certificates are used without a restart, by polls and by an activity that was running', async (t) => {
  const { dir, ca, server } = await authority(t);
  const [first, second] = [certificate(dir, 'first', ca), certificate(dir, 'second', ca)];
  const gateway = await TlsGateway.start(t, ca, server, { client: first.fingerprint });
  const files = ({ cert, key }: Certificate) => ({ 'ca.crt': `@${ca.cert}`, 'tls.crt': `@${cert}`, 'tls.key': `@${key}` });
  const secret = await MountedSecret.make(t, files(first));
  const flags = ['--tls-ca', secret.file('ca.crt'), '--tls-cert', secret.file('tls.crt'), '--tls-key', secret.file('tls.key')];
  const scene = await serveThrough(t, gateway, flags);
  assert.equal(await scene.call(), 'waited');

  const end = await scene.begin();
  await secret.replace({ ...files(second), 'tls.key': 'none' });
  await scene.worker.logged(({ message }) => message.startsWith("New credentials can't be used"));
  assert.equal(await scene.call(), 'waited', 'the old ones go on');
  gateway.admit({});
  await secret.replace(files(second));
  await scene.worker.logged(({ message }) => message.startsWith('The TLS certificates were replaced'));
  gateway.admit({ client: second.fingerprint });
  assert.equal(await end(), 'waited');
  assert.equal(await scene.call(), 'waited');
  assert.equal(gateway.refused, 0);
  scene.worker.kill('SIGTERM');
  assert.equal(await scene.worker.ended, 0);
});

test('a key that is revoked before the file has the next one: refused polls are tried again until it has', async (t) => {
  const { ca, server } = await authority(t);
  const gateway = await TlsGateway.start(t, ca, server, { apiKey: 'first' });
  const secret = await MountedSecret.make(t, { key: 'first' });
  const scene = await serveThrough(t, gateway, ['--tls-ca', ca.cert, '--api-key-file', secret.file('key')]);
  assert.equal(await scene.call(), 'waited');
  gateway.admit({ apiKey: 'second' });
  await eventually(() => (gateway.refused > 10 ? true : undefined));
  await secret.replace({ key: 'second' });
  assert.equal(await scene.call(), 'waited');
});
