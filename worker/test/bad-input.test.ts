// What is refused before anything polls: version directories, modules, code, bundles; one case each, all problems at once.

import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { BadInput, describeProblem } from '../src/problem.js';
import { prepareVersions } from '../src/prepare.js';
import { bundle, folder, launchWorker, Program, unique, versionDir } from './lab.js';

const GOOD = { workflows: ['Hello'], code: 'exports.Hello = async () => 1;', activities: 'exports.greet = () => 1;', names: ['greet'] };

/** Problems of the directories as `file: field: message`, with the directories' paths shown as A, B. */
async function problemsOf(dirs: readonly string[], bundleFile: string = bundle): Promise<string[]> {
  const short = (line: string) => dirs.reduce((text, dir, i) => text.replaceAll(dir, 'AB'[i] ?? '?'), line).replaceAll(bundleFile, 'BUNDLE');
  try {
    await prepareVersions(bundleFile, dirs);
  } catch (thrown) {
    if (thrown instanceof BadInput) return thrown.problems.map(describeProblem).map(short);
    throw thrown;
  }
  return [];
}

async function versionJson(t: TestContext, json: string): Promise<string> {
  const dir = await versionDir(t, GOOD);
  await writeFile(join(dir, 'version.json'), json);
  return dir;
}

test('a version of workflows without a deployment', async (t) => {
  const dir = await versionJson(t, '{"buildId": "b", "taskQueue": "q", "workflows": ["Hello"], "activities": []}');
  assert.deepEqual(await problemsOf([dir]), ['A/version.json: deploymentName: is missing: only a version without workflows does without']);
});

test('a good version has no problems', async (t) => {
  assert.deepEqual(await problemsOf([await versionDir(t, GOOD)]), []);
});

test('a version directory that is not there', async (t) => {
  const dir = join(await folder(t), 'none');
  assert.deepEqual(await problemsOf([dir]), ["A/version.json: can't be read: no such file or directory"]);
});

test('a version.json that is a directory', async (t) => {
  const dir = await folder(t);
  await mkdir(join(dir, 'version.json'));
  assert.deepEqual(await problemsOf([dir]), ["A/version.json: can't be read: illegal operation on a directory"]);
});

test('a version.json that is not JSON', async (t) => {
  const [problem] = await problemsOf([await versionJson(t, '{"deploymentName": }')]);
  assert.match(problem ?? '', /^A\/version.json: isn't JSON: Unexpected token/);
});

test('a version.json that is not an object', async (t) => {
  assert.deepEqual(await problemsOf([await versionJson(t, '[]')]), ['A/version.json: must be an object, but is a list']);
});

test('every field that is missing, of a wrong kind or unknown is named, in one go', async (t) => {
  const dir = await versionJson(t, '{"deploymentName": 7, "taskQueue": "", "workflows": "Hello", "activities": [{"module": "m", "path": "./m.js", "names": ["a", 3, "a"]}], "colour": 1}');
  assert.deepEqual(await problemsOf([dir]), [
    'A/version.json: deploymentName: must be a text that is not empty, but is a number',
    'A/version.json: buildId: is missing: it must be a text that is not empty',
    'A/version.json: taskQueue: must be a text that is not empty, but is empty',
    'A/version.json: workflows: must be a list, but is a string',
    "A/version.json: activities[0].path: must be an absolute path, but is './m.js'",
    'A/version.json: activities[0].names[1]: must be a name, but is a number',
    "A/version.json: activities[0].names[1]: 'a' is listed twice",
    'A/version.json: colour: is not a field of version.json; known here: deploymentName, buildId, taskQueue, workflows, activities',
  ]);
});

test('an activities entry that is not an object', async (t) => {
  const dir = await versionJson(t, '{"deploymentName": "d", "buildId": "b", "taskQueue": "q", "workflows": [], "activities": ["m"]}');
  assert.deepEqual(await problemsOf([dir]), ['A/version.json: activities[0]: must be an object, but is a string']);
});

test('a version that serves nothing', async (t) => {
  const dir = await versionJson(t, '{"deploymentName": "d", "buildId": "b", "taskQueue": "q", "workflows": [], "activities": []}');
  assert.deepEqual(await problemsOf([dir]), ['A/version.json: workflows: the version serves nothing: workflows and activities are both empty']);
});

for (const name of ['a:b', 'a.b', '__a']) {
  test(`deployment name '${name}', which Temporal refuses`, async (t) => {
    assert.deepEqual(await problemsOf([await versionDir(t, { ...GOOD, name })]), [
      `A/version.json: deploymentName: '${name}' is refused by Temporal: a deployment name has no ':' or '.' and does not start with '__'`,
    ]);
  });
}

test('the same build twice', async (t) => {
  const name = unique('queue');
  const dirs = [await versionDir(t, { ...GOOD, name }), await versionDir(t, { ...GOOD, name })];
  assert.deepEqual(await problemsOf(dirs), [`B/version.json: buildId: build 'A' of deployment '${name}' on task queue '${name}' is already served from A/version.json`]);
});

test('an activity that two modules claim', async (t) => {
  const dir = await versionDir(t, GOOD);
  const modules = ['one', 'two'].map((module) => ({ module, path: join(dir, 'activities.cjs'), names: ['greet'] }));
  await writeFile(join(dir, 'version.json'), JSON.stringify({ deploymentName: 'd', buildId: 'b', taskQueue: 'q', workflows: ['Hello'], activities: modules }));
  assert.deepEqual(await problemsOf([dir]), ["A/version.json: activities[1].names[0]: activity 'greet' is listed for two modules, 'one' and 'two': rename it in one of them"]);
});

test("an activity named 'default'", async (t) => {
  const dir = await versionDir(t, { ...GOOD, activities: 'exports.default = () => 1;', names: ['default'] });
  assert.deepEqual(await problemsOf([dir]), ["A/version.json: activities[0].names[0]: an activity can't be named 'default': the SDK would run it for every unknown activity type"]);
});

test('activities that the module lacks, or that are not functions', async (t) => {
  const dir = await versionDir(t, { ...GOOD, activities: 'exports.greet = () => 1; exports.limit = 3;', names: ['greet', 'grete', 'limit', 'toString'] });
  assert.deepEqual(await problemsOf([dir]), [
    "A/version.json: activities[0].names[1]: module 'activities' (A/activities.cjs) exports no 'grete'; it exports: greet",
    "A/version.json: activities[0].names[2]: export 'limit' of module 'activities' (A/activities.cjs) is not a function but a number; it exports: greet",
    "A/version.json: activities[0].names[3]: module 'activities' (A/activities.cjs) exports no 'toString'; it exports: greet",
  ]);
});

test('an ES module of activities, and one that exports no functions', async (t) => {
  const dir = await versionDir(t, GOOD);
  await writeFile(join(dir, 'good.mjs'), 'export const greet = async () => 1;');
  await writeFile(join(dir, 'empty.mjs'), 'export const limit = 3;');
  const modules = ['good', 'empty'].map((module) => ({ module, path: join(dir, `${module}.mjs`), names: module === 'good' ? ['greet'] : ['build'] }));
  await writeFile(join(dir, 'version.json'), JSON.stringify({ deploymentName: 'd', buildId: 'b', taskQueue: 'q', workflows: ['Hello'], activities: modules }));
  assert.deepEqual(await problemsOf([dir]), ["A/version.json: activities[1].names[0]: module 'empty' (A/empty.mjs) exports no 'build'; it exports no functions"]);
});

test('activities that are not there, or that throw when they are loaded', async (t) => {
  const dir = await versionDir(t, { ...GOOD, activities: "throw new Error('no database\\nat all');" });
  assert.deepEqual(await problemsOf([dir]), ["A/version.json: activities[0].path: module 'activities' can't be loaded from A/activities.cjs: no database at all"]);
  const gone = await versionDir(t, GOOD);
  await rm(join(gone, 'activities.cjs'));
  const [problem] = await problemsOf([gone]);
  assert.match(problem ?? '', /^A\/version.json: activities\[0\].path: module 'activities' can't be loaded from A\/activities.cjs: Cannot find module/);
});

test('a missing Hello.js', async (t) => {
  const dir = await versionDir(t, GOOD);
  await rm(join(dir, 'Hello.js'));
  assert.deepEqual(await problemsOf([dir]), ["A/Hello.js: can't be read: no such file or directory"]);
});

const CODE: readonly [name: string, code: string, problem: RegExp][] = [
  ['is no JavaScript', 'exports.Hello = 1;\nconst = 2;', /^A\/Hello.js: line 2: isn't JavaScript that a worker can run: Unexpected token '='$/],
  ['closes the function that it is put into', '}; globalThis.x = 1; {', /^A\/Hello.js: line 1: isn't JavaScript that a worker can run: Unexpected token '}'$/],
  ['requires a module of Node', "const fs = require('fs');", /^A\/Hello.js: line 1: Hello.js of build 'A' of deployment 'queue-\w+' requires 'fs': workflow code can require only '@temporalio\/workflow'$/],
  ['throws', '\n\nexports.Hello = undefined.x;', /^A\/Hello.js: line 3: Cannot read properties of undefined \(reading 'x'\)$/],
  ['assigns a global by mistake', 'oops = 1;', /^A\/Hello.js: line 1: oops is not defined$/],
  ['tampers with what it is called by', '__warpline_version.workflows.More = 1;', /^A\/Hello.js: line 1: Cannot add property More, object is not extensible$/],
  ['lacks a listed workflow', 'exports.Hallo = async () => 1;', /^A\/Hello.js: Hello.js of build 'A' of deployment 'queue-\w+' must export a function 'Hello', but exports nothing of that name$/],
  ['exports a workflow that is no function', 'exports.Hello = 3;', /^A\/Hello.js: .* must export a function 'Hello', but exports a number$/],
  ['never ends', 'for (;;);', /^A\/Hello.js: Script execution timed out after \d+ms$/],
];
for (const [name, code, problem] of CODE) {
  test(`workflow code that ${name}`, async (t) => {
    const problems = await problemsOf([await versionDir(t, { ...GOOD, code })]);
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.match(problems[0] ?? '', problem);
  });
}

test('a source map that is none', async (t) => {
  const dir = await versionDir(t, GOOD);
  const map = join(dir, 'Hello.js.map');
  await writeFile(map, '{"version": 2}');
  assert.deepEqual(await problemsOf([dir]), ['A/Hello.js.map: version: must be a source map of version 3']);
  await writeFile(map, '{"version": 3}');
  assert.deepEqual(await problemsOf([dir]), ['A/Hello.js.map: is not a source map: "sources" is a required argument.']);
});

test('a base bundle that is not there, is none, is of another SDK, or is damaged', async (t) => {
  const dir = await versionDir(t, GOOD);
  const file = join(await folder(t), 'base.js');
  const make = 'make it with: node dist/bundle.js --out BUNDLE';
  assert.deepEqual(await problemsOf([dir], file), [`BUNDLE: --bundle: can't be read: no such file or directory; ${make}`]);
  await writeFile(file, 'console.log(1);\n');
  assert.deepEqual(await problemsOf([dir], file), [`BUNDLE: --bundle: is not a base bundle; ${make}`]);
  await writeFile(file, '// warpline base bundle {"sdkVersion":"0.1.0","slot":1}\n');
  assert.deepEqual(await problemsOf([dir], file), [`BUNDLE: --bundle: was made for {"sdkVersion":"0.1.0","slot":1}, but this worker needs {"sdkVersion":"1.24.0","slot":2}; ${make}`]);
  await writeFile(file, '// warpline base bundle {"sdkVersion":"1.24.0","slot":2}\nvar x;\n');
  assert.deepEqual(await problemsOf([dir], file), [`BUNDLE: --bundle: is damaged: the inline source map is missing; ${make}`]);
});

test('problems of several versions, their modules and the bundle come together', async (t) => {
  const first = await versionDir(t, { ...GOOD, names: ['grete'] });
  const second = await versionDir(t, { ...GOOD, code: 'exports.' });
  assert.deepEqual(await problemsOf([first, second]), [
    "A/version.json: activities[0].names[0]: module 'activities' (A/activities.cjs) exports no 'grete'; it exports: greet",
    "B/Hello.js: line 1: isn't JavaScript that a worker can run: Unexpected end of input",
  ]);
});

test('the process says every problem as a JSON line with file and field, polls nothing and exits with 2', async (t) => {
  const dir = await versionDir(t, { ...GOOD, names: ['grete'] });
  const worker = launchWorker(t, [dir, dir]);
  assert.equal(await worker.ended, 2);
  assert.deepEqual(worker.stdout, []);
  assert.deepEqual(
    worker.log().map(({ level, file, field }) => ({ level, file, field })),
    [{ level: 'error', file: join(dir, 'version.json'), field: 'buildId' }],
  );
});

const FLAGS: readonly [args: readonly string[], problems: readonly string[]][] = [
  [[], ['--version: is missing: name at least one version directory', '--bundle: is missing', '--address: is missing', '--namespace: is missing']],
  [['--bundle', 'x', '--version', 'x', '--address', 'x', '--namespace', 'x', '--speed', '9'], ["Unknown option '--speed'"]],
  [
    ['--bundle', 'x', '--version', 'x', '--address', 'x', '--namespace', 'x', '--http', 'here', '--shutdown-grace', 'soon', '--max-concurrent-activities', '0', '--tls-key', '/none', '--log-level', 'loud'],
    [
      "--tls-key: /none can't be read: no such file or directory",
      '--tls-cert: is missing: a client certificate needs both --tls-cert and --tls-key',
      "--http: must be HOST:PORT, but is 'here'",
      "--shutdown-grace: must be a duration like 10s or 2m, but is 'soon'",
      "--max-concurrent-activities: must be a whole number of at least 1, but is '0'",
      "--log-level: must be one of trace, debug, info, warn, error, but is 'loud'",
    ],
  ],
];
for (const [args, problems] of FLAGS) {
  test(`flags: ${args.join(' ') || '(none)'}`, async (t) => {
    const worker = new Program(t, 'main', args);
    assert.equal(await worker.ended, 2);
    assert.deepEqual(worker.log().map(({ field, message }) => (field === undefined ? message : `${String(field)}: ${message}`)), problems);
  });
}

test('an address that is none, a TLS key that is none, and an HTTP port that is taken', async (t) => {
  const dir = await versionDir(t, GOOD);
  const flags = ['--bundle', bundle, '--version', dir, '--namespace', 'default'];
  const wrong = new Program(t, 'main', [...flags, '--address', 'http://127.0.0.1:1']);
  assert.equal(await wrong.ended, 2);
  assert.equal(wrong.log().at(-1)?.['field'], '--address');

  const pem = join(dir, 'key.pem');
  await writeFile(pem, 'none');
  const key = new Program(t, 'main', [...flags, '--address', '127.0.0.1:1', '--tls-cert', pem, '--tls-key', pem]);
  assert.equal(await key.ended, 2);
  assert.equal(key.log().at(-1)?.['field'], '--tls-key');

  const first = new Program(t, 'main', [...flags, '--address', '127.0.0.1:1']);
  const http = (await first.event('listening'))['http'] ?? '';
  const second = new Program(t, 'main', [...flags, '--address', '127.0.0.1:1', '--http', http]);
  assert.equal(await second.ended, 2);
  assert.equal(second.log().at(-1)?.['field'], '--http');
});

test('a namespace that is not there', async (t) => {
  const dir = await versionDir(t, GOOD);
  const worker = new Program(t, 'main', ['--bundle', bundle, '--version', dir, '--address', process.env['TEMPORAL_ADDRESS'] ?? '', '--namespace', 'nowhere']);
  assert.equal(await worker.ended, 1);
  assert.match(worker.log().at(-1)?.message ?? '', /namespace 'nowhere' is not on the Temporal server at .*: create it with 'temporal operator namespace create -n nowhere'$/);
});

test('bundle.js: no place to write', async (t) => {
  const out = join(await folder(t), 'none', 'base.js');
  const program = new Program(t, 'bundle', ['--out', out]);
  assert.equal(await program.ended, 2);
  assert.deepEqual(program.log().map(({ file, field, message }) => [file, field, message]), [[out, '--out', "can't be written: no such file or directory"]]);
});
