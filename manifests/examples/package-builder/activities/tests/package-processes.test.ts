// The activities that run a package's scripts: real processes, their output, their end.

import { CancelledFailure } from '@temporalio/activity';
import * as build from '@warpline-examples/package-builder-activities/build';
import type { ProcessResult } from '@warpline-examples/package-builder-activities/types';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { allGone, startedProcesses } from './process-ends';
import { activityContext, editJson, inActivity, permanent, runIn, workspaceCopy } from './workspace-copy';

const packagePath = 'packages/core/clock';

/** A workspace whose only package has this build script. */
async function workspaceWithBuild(t: TestContext, script: string): Promise<string> {
  const workspaceRoot = await workspaceCopy(t);
  await editJson(join(workspaceRoot, packagePath, 'package.json'), (manifest) => {
    manifest['scripts'] = { build: script };
  });
  return workspaceRoot;
}

async function runScript(t: TestContext, script: string): Promise<ProcessResult> {
  return inActivity(build.runBuild, { workspaceRoot: await workspaceWithBuild(t, script), packagePath });
}

test('build, tests and quality checks of a good package succeed and say what they did', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const built = await inActivity(build.runBuild, { workspaceRoot, packagePath });
  assert.deepEqual([built.success, built.stderr], [true, '']);
  assert.match(built.stdout, /@acme\/clock 1\.0\.0: 1 file\(s\), exports systemClock, heldClock, formatDuration/);
  const tested = await inActivity(build.runTests, { workspaceRoot, packagePath });
  assert.equal(tested.success, true);
  assert.match(tested.stderr, /pass 3/);
  const checked = await inActivity(build.runQualityChecks, { workspaceRoot, packagePath });
  assert.deepEqual([checked.success, checked.stderr], [true, '']);
});

test('a build before its dependency is published fails, and succeeds after', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const logger = { workspaceRoot, packagePath: 'packages/utility/logger' };
  const clock = { workspaceRoot, packagePath };
  const early = await inActivity(build.runBuild, logger);
  assert.equal(early.success, false);
  assert.match(early.stderr, /wants @acme\/clock \^1\.0\.0, but it is not published: build and publish @acme\/clock first/);
  await inActivity(build.runBuild, clock);
  assert.equal((await inActivity(build.runBuild, logger)).success, false, 'built is not published');
  await inActivity(build.publishPackage, clock);
  assert.equal((await inActivity(build.runBuild, logger)).success, true);
});

test('a build against an older version of its dependency than it wants fails', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const failed = await inActivity(build.runBuild, { workspaceRoot, packagePath: 'packages/library/http' });
  assert.match(failed.stderr, /wants @acme\/config \^1\.1\.0, but only 1\.0\.0 is published/);
});

test('a failing build says where: a name that the dependency does not export, a syntax error', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  for (const step of [build.runBuild, build.publishPackage]) {
    await inActivity(step, { workspaceRoot, packagePath: 'packages/core/result' });
  }
  const location = { workspaceRoot, packagePath: 'packages/utility/validate' };
  const unknown = await inActivity(build.runBuild, location);
  assert.equal(unknown.success, false);
  assert.match(unknown.stderr, /src\/index\.js:3: @acme\/result has no export 'error'; it has ok, err, map, unwrap/);
  await writeFile(join(workspaceRoot, location.packagePath, 'src/index.js'), "'use strict';\nconst = 1;\n");
  const syntax = await inActivity(build.runBuild, location);
  assert.match(syntax.stderr, /src\/index\.js: Unexpected token '='/);
});

test('failing tests and quality checks are results, not errors', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const source = join(workspaceRoot, packagePath, 'src/index.js');
  await writeFile(source, (await readFile(source, 'utf8')).replace('time += milliseconds;', 'var x = milliseconds;  '));
  const tested = await inActivity(build.runTests, { workspaceRoot, packagePath });
  assert.equal(tested.success, false);
  assert.match(tested.stderr, /✖ a held clock moves only when told/);
  const checked = await inActivity(build.runQualityChecks, { workspaceRoot, packagePath });
  assert.equal(checked.success, false);
  assert.match(checked.stderr, /src\/index\.js:14: code\/no-var/);
  assert.match(checked.stderr, /src\/index\.js:14: style\/trailing-space: .*\[repairable\]/);
});

test('a missing package fails for good, in every activity that needs one', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const missing = { workspaceRoot, packagePath: 'packages/core/watch', planPath: 'plans/packages/core/watch.md' };
  const activities = [build.runBuild, build.runTests, build.runQualityChecks, build.publishPackage];
  for (const activity of activities) {
    const failure = await permanent(inActivity(activity, missing), 'PackageNotFound');
    assert.match(failure.message, /there is no package at packages\/core\/watch .*: scaffold it first/);
  }
  await permanent(inActivity(build.auditPackageState, missing), 'PackageNotFound');
});

test('a script that the package does not have is a failed process that says so', async (t) => {
  const workspaceRoot = await workspaceWithBuild(t, 'true');
  const result = await inActivity(build.runTests, { workspaceRoot, packagePath });
  assert.equal(result.success, false);
  assert.match(result.stderr, /@acme\/clock has no script "test": add it to packages\/core\/clock\/package\.json/);
});

test('long output keeps its beginning and its end, in 16 KiB', async (t) => {
  const script = `node -e "for (let i = 0; i < 20000; i += 1) console.log('ä line ' + i)"`;
  const { success, stdout } = await runScript(t, script);
  assert.equal(success, true);
  assert.ok(Buffer.byteLength(stdout) <= 16 * 1024, `${Buffer.byteLength(stdout)} bytes`);
  assert.ok(stdout.startsWith('ä line 0\n'));
  assert.ok(stdout.endsWith('ä line 19999\n'));
  assert.match(stdout, /\n\[\d+ bytes left out\]\n/);
});

test('a process that a signal ends has failed', async (t) => {
  const { success, stderr } = await runScript(t, 'kill -KILL $$');
  assert.deepEqual([success, stderr], [false, 'ended by SIGKILL\n']);
});

test('a process that is left in the background neither holds the activity up nor lives on', async (t) => {
  const workspaceRoot = await workspaceWithBuild(t, 'sleep 600 & echo $! > pids; echo done');
  const result = await inActivity(build.runBuild, { workspaceRoot, packagePath });
  assert.deepEqual([result.success, result.stdout], [true, 'done\n']);
  await allGone(await startedProcesses(join(workspaceRoot, packagePath, 'pids')));
});

test('processes do not see the secrets of the worker', async (t) => {
  process.env['REGISTRY_TOKEN'] = 'secret';
  t.after(() => delete process.env['REGISTRY_TOKEN']);
  const { stdout } = await runScript(t, 'env');
  assert.doesNotMatch(stdout, /secret/);
  assert.match(stdout, /^npm_package_name=@acme\/clock$/m);
});

test('an activity heartbeats while its process runs', async (t) => {
  const workspaceRoot = await workspaceWithBuild(t, 'while [ ! -e finish ]; do sleep 0.02; done');
  const context = activityContext();
  const beats: unknown[] = [];
  context.on('heartbeat', (detail) => beats.push(detail));
  const running = runIn(context, build.runBuild, { workspaceRoot, packagePath });
  while (beats.length < 2) await once(context, 'heartbeat');
  await writeFile(join(workspaceRoot, packagePath, 'finish'), '');
  assert.equal((await running).success, true);
  assert.equal(typeof (beats[0] as { pid?: unknown }).pid, 'number');
});

test('cancellation ends the process and its children, then the activity', async (t) => {
  const workspaceRoot = await workspaceWithBuild(t, 'sleep 600 & echo $! $$ > pids; wait');
  await cancelWhenStarted(workspaceRoot);
});

test('cancellation also ends a process that does not want to', async (t) => {
  const workspaceRoot = await workspaceWithBuild(t, `trap '' TERM; sleep 600 & echo $! $$ > pids; while true; do sleep 1; done`);
  await cancelWhenStarted(workspaceRoot);
});

/** Cancels a build once its script has written the file `pids`, and checks that these processes are gone. */
async function cancelWhenStarted(workspaceRoot: string): Promise<void> {
  const context = activityContext();
  const running = runIn(context, build.runBuild, { workspaceRoot, packagePath });
  running.catch(() => undefined);
  const pids = await startedProcesses(join(workspaceRoot, packagePath, 'pids'));
  context.cancel();
  await assert.rejects(running, CancelledFailure);
  await allGone(pids);
}
