// The forms that a version directory has: as Kubernetes mounts it, with files in pieces, with activities of packages.

import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { BadInput, describeProblem } from '../src/problem.js';
import { prepareVersions } from '../src/prepare.js';
import { bundle, connect, folder, makeCurrent, Program, startWorker, unique, versionDir } from './lab.js';

const WF = "const wf = require('@temporalio/workflow');\n";
const GREET = {
  workflows: ['Greet'],
  code: `${WF}exports.Greet = async (...args) => wf.proxyActivities({ startToCloseTimeout: '1m', retry: { maximumAttempts: 1 } }).greet(...args);`,
};
const SDK = fileURLToPath(new URL('../../../node_modules/@temporalio', import.meta.url));

/** What the version in `dir` answers when its workflow Greet is run. */
async function greeting(t: TestContext, dir: string, flags: readonly string[] = []): Promise<unknown> {
  const { deploymentName } = JSON.parse(await readFile(join(dir, 'version.json'), 'utf8')) as { deploymentName: string };
  await startWorker(t, [dir], flags);
  const client = await connect(t);
  await makeCurrent(client, deploymentName, 'A');
  return client.workflow.execute('Greet', { taskQueue: deploymentName, workflowId: unique('run'), args: ['Ada'] });
}

async function problemsOf(dir: string): Promise<string[]> {
  try {
    await prepareVersions(bundle, [dir]);
  } catch (thrown) {
    if (thrown instanceof BadInput) return thrown.problems.map(describeProblem).map((line) => line.replaceAll(dir, 'DIR'));
    throw thrown;
  }
  return [];
}

/** Puts `file` of `dir` in pieces of `size` bytes. */
async function cut(dir: string, file: string, size: number): Promise<number> {
  const stream = gzipSync(await readFile(join(dir, file)));
  await rm(join(dir, file));
  const count = Math.ceil(stream.length / size);
  for (let n = 0; n < count; n++) await writeFile(join(dir, `${file}.gz.${n}`), stream.subarray(n * size, (n + 1) * size));
  return count;
}

test('a version as Kubernetes mounts it: links to a hidden folder, large files in pieces', async (t) => {
  const dir = await versionDir(t, { ...GREET, name: unique('queue'), activities: 'exports.greet = async (name) => `Hello, ${name}`;', names: ['greet'], sourceMap: { version: 3, sources: [], names: [], mappings: '' } });
  assert.ok((await cut(dir, 'Greet.js', 16)) > 10, 'the order of pieces is that of their numbers');
  assert.equal(await cut(dir, 'Greet.js.map', 10_000), 1);
  const mount = await folder(t);
  const hidden = join(mount, '..2026_11_24_10_00_00.1');
  await mkdir(hidden);
  for (const name of await readdir(dir)) {
    await rename(join(dir, name), join(hidden, name));
    await symlink(join('..data', name), join(mount, name));
  }
  await symlink('..2026_11_24_10_00_00.1', join(mount, '..data'));
  const versionJson = join(hidden, 'version.json');
  await writeFile(versionJson, (await readFile(versionJson, 'utf8')).replaceAll(dir, mount));
  assert.equal(await greeting(t, mount), 'Hello, Ada');
});

test('pieces that are not whole, and a file that is there twice', async (t) => {
  const dir = await versionDir(t, GREET);
  const count = await cut(dir, 'Greet.js', 40);
  await rm(join(dir, `Greet.js.gz.${count - 1}`));
  assert.deepEqual(await problemsOf(dir), [`DIR/Greet.js.gz.0: is, with the pieces that follow it (${count - 1} in all), no whole gzip stream: unexpected end of file`]);
  await writeFile(join(dir, 'Greet.js'), GREET.code);
  await writeFile(join(dir, 'Greet.js.gz.0'), gzipSync(GREET.code));
  await rm(join(dir, 'Greet.js.gz.1'));
  for (let n = 2; n < count - 1; n++) await rm(join(dir, `Greet.js.gz.${n}`));
  assert.deepEqual(await problemsOf(dir), ['DIR/Greet.js: is there twice, whole and in pieces (DIR/Greet.js.gz.0, …): remove one of them']);
});

test('workflow types that can be no file names', async (t) => {
  const dir = await versionDir(t, GREET);
  const versionJson = join(dir, 'version.json');
  await writeFile(versionJson, (await readFile(versionJson, 'utf8')).replace('["Greet"]', '["Greet", "../Greet", ".Greet", "Gr eet"]'));
  assert.deepEqual(
    await problemsOf(dir),
    [1, 2, 3].map((n) => `DIR/version.json: workflows[${n}]: '${['../Greet', '.Greet', 'Gr eet'][n - 1]}' can't be the name of a file TYPE.js: use letters, digits, '_', '-' and '.', at most 200 of them, a '-' or '.' not first`),
  );
});

test('each file is asked for its own type only, and what is wrong in several comes together', async (t) => {
  const dir = await versionDir(t, { workflows: ['Greet', 'Leave'], code: 'exports.Leave = exports.Greet = async () => 1;' });
  assert.deepEqual(await problemsOf(dir), []);
  await writeFile(join(dir, 'Greet.js'), '\nexports.Leave = async () => 1;');
  await writeFile(join(dir, 'Leave.js'), '\nexports.Leave = none;');
  assert.deepEqual((await problemsOf(dir)).map((line) => line.replace(/'queue-\w+'/, 'D')), [
    "DIR/Greet.js: Greet.js of build 'A' of deployment D must export a function 'Greet', but exports nothing of that name",
    'DIR/Leave.js: line 2: none is not defined',
  ]);
});

/** A version whose activity `greet` comes from a package in `dir/package`. */
async function withPackage(t: TestContext, manifest: object, files: Record<string, string>, wanted: string): Promise<string> {
  const dir = await versionDir(t, { ...GREET, name: unique('queue') });
  const place = join(dir, 'package');
  for (const [name, text] of Object.entries({ ...files, 'package.json': JSON.stringify(manifest) })) {
    await mkdir(dirname(join(place, name)), { recursive: true });
    await writeFile(join(place, name), text);
  }
  const version = JSON.parse(await readFile(join(dir, 'version.json'), 'utf8')) as object;
  const activities = [{ module: 'greetings', path: place, export: wanted, names: ['greet'] }];
  await writeFile(join(dir, 'version.json'), JSON.stringify({ ...version, activities }));
  return dir;
}

const GOOD_DAY = 'exports.greet = async (name) => `Good day, ${name}`;';
const PACKAGES: readonly [what: string, manifest: object, files: Record<string, string>, wanted: string][] = [
  ['the main file where there are no exports', { main: './lib/main.js' }, { 'lib/main.js': GOOD_DAY }, '.'],
  ['a file where there are no exports', {}, { 'polite/index.js': GOOD_DAY }, './polite'],
  ['the main export, given alone', { name: 'greetings', exports: './main.cjs' }, { 'main.cjs': GOOD_DAY }, '.'],
  ['an export for `require`, beside one for `import`', { name: 'greetings', exports: { './polite': { import: './none.mjs', require: './polite.cjs' } } }, { 'polite.cjs': GOOD_DAY }, './polite'],
  ['an export for `import` alone', { name: '@acme/greetings', exports: { './polite': { types: './none.d.ts', import: './lib/polite.mjs' } } }, { 'lib/polite.mjs': GOOD_DAY.replace('exports.greet =', 'export const greet =') }, './polite'],
  ['an export by a pattern', { name: 'greetings', exports: { './*': { node: { default: './lib/*.js' } } } }, { 'lib/polite.js': GOOD_DAY }, './polite'],
];
for (const [what, manifest, files, wanted] of PACKAGES) {
  test(`activities of a package: ${what}`, async (t) => {
    assert.deepEqual(await problemsOf(await withPackage(t, manifest, files, wanted)), []);
  });
}

const BAD_PACKAGES: readonly [what: string, manifest: object, files: Record<string, string>, wanted: string, problem: RegExp][] = [
  ['lacks the export', { name: 'greetings', exports: { './polite': './polite.js' } }, { 'polite.js': GOOD_DAY }, './rude', /export: module 'greetings' is not found as export '\.\/rude' of the package in DIR\/package: Package subpath '\.\/rude' is not defined by "exports" in DIR\/package\/package\.json/],
  ['exports a file that is not there', { name: 'greetings', exports: { './polite': './polite.js' } }, {}, './polite', /export: .*Cannot find module .*DIR\/package\/polite\.js/],
  ['has no name', { exports: { './polite': './polite.js' } }, { 'polite.js': GOOD_DAY }, './polite', /export: .*DIR\/package\/package\.json has exports but no name/],
];
for (const [what, manifest, files, wanted, problem] of BAD_PACKAGES) {
  test(`a package that ${what}`, async (t) => {
    const problems = await problemsOf(await withPackage(t, manifest, files, wanted));
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.match(problems[0] ?? '', problem);
    assert.match(problems[0] ?? '', /^DIR\/version\.json: activities\[0\]\./);
  });
}

test('an export that is no path in a package, and a folder that is no package', async (t) => {
  const dir = await withPackage(t, { name: 'greetings' }, {}, 'polite');
  assert.deepEqual(await problemsOf(dir), ["DIR/version.json: activities[0].export: must be an export of a package, such as '.' or './build', but is a string"]);
  const none = await withPackage(t, {}, {}, '.');
  await rm(join(none, 'package', 'package.json'));
  assert.match((await problemsOf(none))[0] ?? '', /activities\[0\]\.export: .*DIR\/package\/package\.json can't be read: no such file or directory/);
});

const CONTEXT_JS = "const { Context } = require('@temporalio/activity'); exports.greet = async () => Context.current().info.activityType;";
const CONTEXT_MJS = "import { Context } from '@temporalio/activity'; export const greet = async () => Context.current().info.activityType;";

test('activities share the SDK of the worker: by NODE_PATH, by a link, and even beside a copy of their own', async (t) => {
  const linked = await withPackage(t, { name: 'greetings', exports: './main.mjs' }, { 'main.mjs': CONTEXT_MJS, 'node_modules/none/index.js': '' }, '.');
  await symlink(SDK, join(linked, 'package/node_modules/@temporalio'));
  assert.equal(await greeting(t, linked), 'greet');

  process.env['NODE_PATH'] = dirname(SDK);
  t.after(() => delete process.env['NODE_PATH']);
  const commonJs = await withPackage(t, { name: 'greetings', exports: './main.js' }, { 'main.js': CONTEXT_JS }, '.');
  assert.equal(await greeting(t, commonJs), 'greet');

  const copied = await withPackage(t, { name: 'greetings', exports: './main.mjs' }, { 'main.mjs': CONTEXT_MJS }, '.');
  for (const name of ['activity', 'common']) await cp(join(SDK, name), join(copied, 'package/node_modules/@temporalio', name), { recursive: true });
  assert.equal(await greeting(t, copied), 'greet');
});

test('an ES module that does not find the SDK says how it would', async (t) => {
  const dir = await withPackage(t, { name: 'greetings', exports: './main.mjs' }, { 'main.mjs': CONTEXT_MJS }, '.');
  const worker = new Program(t, 'main', ['--bundle', bundle, '--version', dir, '--address', '127.0.0.1:1', '--namespace', 'default']);
  assert.equal(await worker.ended, 2);
  assert.deepEqual(worker.log().map(({ field, message }) => [field, message.replaceAll(dir, 'DIR')]), [
    [
      'activities[0].path',
      "module 'greetings' can't be loaded from DIR/package/main.mjs: Cannot find package '@temporalio/activity' imported from DIR/package/main.mjs; " +
        `the worker has it: link @temporalio in the module's node_modules to ${SDK} (ES modules don't look at NODE_PATH)`,
    ],
  ]);
});
