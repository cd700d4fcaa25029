// The `install` program against a real registry: what is installed is what was resolved, nothing runs that was not allowed, and what fails says why.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { folder } from './lab.js';
import { corrupt, freePort, npmRegistry, tarballs } from './npm-registry.js';

const INSTALL = fileURLToPath(new URL('../../../dist/install.js', import.meta.url));

interface Installed {
  readonly code: number | null;
  /** What is in the termination log. */
  readonly said: Record<string, unknown>;
  readonly work: string;
}

async function install(t: TestContext, request: Record<string, unknown>, { work, credentials, scripts = false }: { work?: string; credentials?: Record<string, string>; scripts?: boolean } = {}): Promise<Installed> {
  const dir = await folder(t);
  const at = work ?? join(dir, 'work');
  await mkdir(at, { recursive: true });
  await writeFile(join(dir, 'request.json'), JSON.stringify(request));
  const args = ['--request', join(dir, 'request.json'), '--work', at, '--termination-log', join(dir, 'log'), ...(scripts ? ['--scripts'] : [])];
  if (credentials !== undefined) {
    await mkdir(join(dir, 'credentials'));
    for (const [name, text] of Object.entries(credentials)) await writeFile(join(dir, 'credentials', name), text);
    args.push('--credentials', join(dir, 'credentials'));
  }
  const env = { ...process.env, SOMEBODYS_TOKEN: 'secret' };
  const child = spawn(process.execPath, [INSTALL, ...args], { stdio: 'ignore', env });
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { code, said: JSON.parse(await readFile(join(dir, 'log'), 'utf8')) as Record<string, unknown>, work: at };
}

function refused({ code, said }: Installed, reason: string, ...words: readonly string[]): void {
  assert.equal(said['reason'], reason, JSON.stringify(said));
  assert.equal(code, 1);
  for (const word of words) assert.ok(String(said['message']).includes(word), `'${String(said['message'])}' does not say '${word}'`);
}

const ACTIVITIES = { name: '@acme/build', version: '1.0.0', main: 'index.js', dependencies: { left: '^1.0.0' } };
const LEFT = { name: 'left', version: '1.0.0', main: 'index.js' };

test('a package is installed with its tree, the newest of its range, and resolved again to the same bytes', async (t) => {
  const registry = await npmRegistry(t);
  await registry.publish(LEFT, { 'index.js': 'exports.left = 1;' });
  await registry.publish(ACTIVITIES, { 'index.js': "exports.build = async () => require('left').left;" });
  await registry.publish({ ...ACTIVITIES, version: '1.2.0' }, { 'index.js': "exports.build = async () => require('left').left + 1;" });
  await registry.publish({ ...ACTIVITIES, version: '2.0.0' }, { 'index.js': '' });
  const request = { registry: registry.url, npm: { package: '@acme/build', version: '^1.0.0' } };
  const first = await install(t, request);
  assert.equal(first.code, 0, JSON.stringify(first.said));
  assert.equal(first.said['version'], '1.2.0');
  const tree = join(first.work, 'tree');
  assert.deepEqual(JSON.parse(await readFile(join(first.work, 'resolution.json'), 'utf8')), first.said);
  assert.equal(await readFile(join(tree, 'node_modules/left/index.js'), 'utf8'), 'exports.left = 1;');
  const lock = await readFile(join(tree, 'package-lock.json'));
  assert.ok(!lock.toString().includes('127.0.0.1'), 'the lock file names no registry');
  assert.deepEqual(JSON.parse(await readFile(join(tree, 'package.json'), 'utf8')), { name: 'warpline-module', version: '0.0.0', private: true, dependencies: { '@acme/build': '1.2.0' } });

  assert.deepEqual((await install(t, { ...request, mode: 'look' })).said, { version: '1.2.0', integrity: first.said['integrity'] });

  // A newer dependency is out: the tree that was locked before stays as it was.
  await registry.publish({ ...LEFT, version: '1.1.0' }, { 'index.js': 'exports.left = 2;' });
  const lockfile = join(await folder(t), 'lock.gz');
  await writeFile(lockfile, gzipSync(lock));
  const expected = { version: '1.2.0', integrity: first.said['integrity'] };
  const again = await install(t, { ...request, lockfile, expected });
  assert.deepEqual(again.said, first.said);
  assert.equal(await readFile(join(again.work, 'tree/node_modules/left/index.js'), 'utf8'), 'exports.left = 1;');
  assert.notEqual((await install(t, { ...request, expected })).said['lockDigest'], first.said['lockDigest'], 'without the lock file the tree is a new one');
});

test('install scripts do not run; those allowed by name run without credentials, offline', async (t) => {
  const registry = await npmRegistry(t);
  const script = "require('fs').writeFileSync('ran.json', JSON.stringify({env: Object.keys(process.env), registry: process.env.npm_config_registry, offline: process.env.npm_config_offline}))";
  await registry.publish({ ...LEFT, scripts: { postinstall: 'node script.js' } }, { 'index.js': '', 'script.js': script });
  await registry.publish({ name: 'right', version: '1.0.0', scripts: { preinstall: 'node script.js' } }, { 'index.js': '', 'script.js': script });
  await registry.publish({ ...ACTIVITIES, name: '@private/build', dependencies: { left: '1.0.0', right: '1.0.0' } }, { 'index.js': '' });
  const credentials = { token: await registry.token() };
  const request = { registry: registry.url, npm: { package: '@private/build', version: '1.0.0' }, allowScripts: ['right'] };
  const installed = await install(t, request, { credentials });
  assert.equal(installed.code, 0, JSON.stringify(installed.said));
  assert.deepEqual(installed.said['skippedScripts'], ['left']);
  const ran = (name: string) => join(installed.work, 'tree/node_modules', name, 'ran.json');
  assert.ok(!existsSync(ran('left')) && !existsSync(ran('right')));

  assert.equal((await install(t, request, { work: installed.work, scripts: true })).code, 0);
  assert.ok(!existsSync(ran('left')));
  const { env, offline } = JSON.parse(await readFile(ran('right'), 'utf8')) as { env: string[]; offline: string };
  assert.equal(offline, 'true');
  assert.deepEqual(env.filter((name) => /TOKEN|_auth/i.test(name)), []);
});

test('an install script that fails says what it said', async (t) => {
  const registry = await npmRegistry(t);
  await registry.publish({ ...LEFT, scripts: { postinstall: 'echo no compiler here >&2; exit 3' } }, { 'index.js': '' });
  const request = { registry: registry.url, npm: { package: 'left', version: '1.0.0' }, allowScripts: ['left'] };
  const { work } = await install(t, request);
  refused(await install(t, request, { work, scripts: true }), 'InstallScript', 'left', 'no compiler here');
});

test('what a registry does not have, or does not give', async (t) => {
  const registry = await npmRegistry(t);
  await registry.publish(LEFT, { 'index.js': '' });
  await registry.publish({ ...LEFT, name: '@private/left' }, { 'index.js': '' });
  await registry.publish({ ...ACTIVITIES, dependencies: { nowhere: '1' } }, { 'index.js': '' });
  const wanting = (name: string, version: string, more = {}) => ({ registry: registry.url, npm: { package: name, version }, ...more });
  refused(await install(t, wanting('right', '1.0.0')), 'PackageNotFound', 'right');
  refused(await install(t, wanting('@acme/build', '1.0.0')), 'PackageNotFound', 'nowhere');
  refused(await install(t, wanting('left', '^9.0.0')), 'VersionNotFound', '^9.0.0');
  refused(await install(t, wanting('@private/left', '1.0.0')), 'Unauthorized', 'spec.npm.secretName');
  refused(await install(t, wanting('@private/left', '1.0.0'), { credentials: { token: 'wrong' } }), 'Unauthorized');
  refused(await install(t, wanting('@private/left', '1.0.0'), { credentials: { password: 'alone' } }), 'Unauthorized', '`token`');
  refused(await install(t, wanting('left', '1.0.0', { requireLockfile: true })), 'LockfileMissing', 'npm-shrinkwrap.json');
  refused(await install(t, wanting('left', '1.0.0', { allowedRegistries: ['https://registry.example/'] })), 'RegistryRefused', 'registry.example');
});

test('a tarball that is not what it was: both hashes are named', async (t) => {
  const registry = await npmRegistry(t);
  await registry.publish(LEFT, { 'index.js': 'exports.left = 1;' });
  const request = { registry: registry.url, npm: { package: 'left', version: '1.0.0' } };
  const { said } = await install(t, request);
  const integrity = String(said['integrity']);
  const other = `sha512-${Buffer.alloc(64).toString('base64')}`;
  refused(await install(t, { ...request, expected: { version: '1.0.0', integrity: other } }), 'IntegrityMismatch', integrity, other);
  for (const file of await tarballs(registry, 'left')) await corrupt(file);
  refused(await install(t, request), 'IntegrityMismatch', integrity, 'but got sha512-');
});

test('a registry that is down, or does not answer', async (t) => {
  const down = `http://127.0.0.1:${await freePort()}/`;
  refused(await install(t, { registry: down, npm: { package: 'left', version: '1' } }), 'RegistryUnreachable', down);
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.after(() => silent.close());
  const slow = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
  refused(await install(t, { registry: slow, npm: { package: 'left', version: '1' }, deadline: 2 }), 'TooSlow', 'spec.build.deadline');
});

test('a source is installed by its own lock file, and built where it may be', async (t) => {
  const registry = await npmRegistry(t);
  await registry.publish(LEFT, { 'index.js': '' });
  const source = await folder(t);
  const manifest = { name: 'own', version: '3.0.0', scripts: { build: 'node src/build.js' }, dependencies: { left: '1.0.0' } };
  const write = (name: string, value: unknown) => writeFile(join(source, name), typeof value === 'string' ? value : JSON.stringify(value));
  await write('package.json', manifest);
  await write('src__build.js', "require('fs').writeFileSync('built.js', '');");
  const request = { registry: registry.url, source: { folder: source } };
  refused(await install(t, request), 'LockfileMissing', 'package-lock.json');
  const locked = { version: '1.0.0', integrity: (await install(t, { registry: registry.url, npm: { package: 'left', version: '1' } })).said['integrity'] };
  await write('package-lock.json', { name: 'own', version: '3.0.0', lockfileVersion: 3, packages: { '': manifest, 'node_modules/left': locked } });
  const plain = await install(t, request);
  assert.equal(plain.code, 0, JSON.stringify(plain.said));
  assert.deepEqual([plain.said['package'], plain.said['version']], ['own', '3.0.0']);
  assert.ok(existsSync(join(plain.work, 'tree/node_modules/left')) && existsSync(join(plain.work, 'tree/src/build.js')));
  // The same files in folders, below one of the source's.
  await cp(join(plain.work, 'tree'), join(source, 'folders/own'), { recursive: true, filter: (path) => !path.includes('node_modules') });
  await writeFile(join(source, 'folders/own/src/a__b.js'), '');
  const nested = { folder: join(source, 'folders'), nested: true };
  const below = await install(t, { ...request, source: { ...nested, path: 'own' } });
  assert.deepEqual([below.code, below.said['lockDigest']], [0, plain.said['lockDigest']], JSON.stringify(below.said));
  assert.ok(existsSync(join(below.work, 'tree/node_modules/left')) && existsSync(join(below.work, 'tree/src/a__b.js')));
  refused(await install(t, { ...request, source: { ...nested, path: 'other' } }), 'LockfileMissing', 'spec.source.path');
  refused(await install(t, { ...request, source: { ...nested, path: '../..' } }), 'InstallFailed', 'leads out');
  await rm(join(source, 'folders'), { recursive: true });
  const building = { ...request, allowScripts: ['own'] };
  const { work } = await install(t, building);
  const built = await install(t, building, { work, scripts: true });
  assert.equal(built.code, 0, JSON.stringify(built.said));
  assert.ok(existsSync(join(work, 'tree/built.js')));
});
