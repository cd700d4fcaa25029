// The agents: what they can fix, what they hand to a human, what they do when they are asked twice.

import { CancelledFailure } from '@temporalio/activity';
import * as agents from '@warpline-examples/package-builder-activities/agent';
import * as registry from '@warpline-examples/package-builder-activities/agent-registry';
import * as build from '@warpline-examples/package-builder-activities/build';
import type { FixRequest, FixResult, ProblemType, ProcessResult } from '@warpline-examples/package-builder-activities/types';
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { beginRemedy } from '../dist/fix-journal.js';
import { allGone, startedProcesses } from './process-ends';
import { activityContext, editJson, inActivity, permanent, runIn, workspaceCopy } from './workspace-copy';

const HANDLES_ALL: ProblemType[] = ['SCAFFOLD', 'BUILD_FAILURE', 'TEST_FAILURE', 'QUALITY_FAILURE', 'PUBLISH_FAILURE'];

function orderFor(workspaceRoot: string, path: string, type: ProblemType, failed: Partial<ProcessResult> = {}): FixRequest {
  const { stdout = '', stderr = '' } = failed;
  return {
    workspaceRoot,
    agent: { name: 'fixer', handles: HANDLES_ALL },
    problem: {
      type,
      error: { message: stderr || 'failed', stdout, stderr },
      context: {
        packageName: `@acme/${path.split('/')[1]}`,
        packagePath: `packages/${path}`,
        planPath: `plans/packages/${path}.md`,
        phase: 'test',
        attemptNumber: 1,
      },
    },
  };
}

/** Builds and publishes packages, so that others can depend on them. */
async function publishAll(workspaceRoot: string, ...paths: string[]): Promise<void> {
  for (const path of paths) {
    const result = await inActivity(build.publishPackage, { workspaceRoot, packagePath: `packages/${path}` });
    assert.equal(result.success, true, result.stderr);
  }
}

test('a build failure is fixed by the patch that the workspace knows', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  await publishAll(workspaceRoot, 'core/result');
  const location = { workspaceRoot, packagePath: 'packages/utility/validate' };
  const failed = await inActivity(build.runBuild, location);
  const fix = await inActivity(agents.spawnFixAgent, orderFor(workspaceRoot, 'utility/validate', 'BUILD_FAILURE', failed));
  assert.deepEqual(fix, {
    fixed: true,
    summary: 'uses err, as @acme/result calls a failure',
    filesChanged: ['packages/utility/validate/src/index.js'],
  });
  assert.equal((await inActivity(build.runBuild, location)).success, true);
});

test('two failing tests take two fixes; a third request finds nothing left to do', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  await publishAll(workspaceRoot, 'core/result', 'core/clock');
  const location = { workspaceRoot, packagePath: 'packages/utility/retry' };
  const summaries: string[] = [];
  let outcome = await inActivity(build.runTests, location);
  const first = outcome;
  while (!outcome.success) {
    const fix = await inActivity(agents.spawnFixAgent, orderFor(workspaceRoot, 'utility/retry', 'TEST_FAILURE', outcome));
    assert.equal(fix.fixed, true);
    summaries.push(fix.summary);
    outcome = await inActivity(build.runTests, location);
  }
  assert.deepEqual(summaries, ['the pause doubles instead of growing by the same amount', 'the last attempt is made']);
  const again = await inActivity(agents.spawnFixAgent, orderFor(workspaceRoot, 'utility/retry', 'TEST_FAILURE', first));
  assert.equal(again.fixed, false);
});

test('what only a human may decide is escalated, and nothing is changed', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const failed = await inActivity(build.runQualityChecks, { workspaceRoot, packagePath: 'packages/library/auth' });
  assert.match(failed.stderr, /manifest\/licence/);
  const fix = await inActivity(agents.spawnFixAgent, orderFor(workspaceRoot, 'library/auth', 'QUALITY_FAILURE', failed));
  assert.deepEqual(fix, {
    fixed: false,
    summary: 'a human has to decide',
    filesChanged: [],
    escalate: { reason: 'only the legal team may accept a licence or choose another one' },
  });
});

test('the linter repairs what it can, and the agent names the files', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const location = { workspaceRoot, packagePath: 'packages/utility/logger' };
  const failed = await inActivity(build.runQualityChecks, location);
  assert.equal(failed.success, false);
  const fix = await inActivity(agents.spawnFixAgent, orderFor(workspaceRoot, 'utility/logger', 'QUALITY_FAILURE', failed));
  assert.equal(fix.fixed, true);
  assert.deepEqual([...fix.filesChanged].sort(), ['packages/utility/logger/README.md', 'packages/utility/logger/src/index.js']);
  assert.equal((await inActivity(build.runQualityChecks, location)).success, true);
});

test('a version that is taken is raised to the one of the plan, but not again', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const fix = (): Promise<FixResult> =>
    inActivity(agents.spawnFixAgent, orderFor(workspaceRoot, 'library/http', 'PUBLISH_FAILURE', { stderr: 'already published' }));
  assert.deepEqual(await fix(), {
    fixed: true,
    summary: 'raised the version to 1.1.0, as plans/packages/library/http.md asks',
    filesChanged: ['packages/library/http/package.json'],
  });
  const manifest = JSON.parse(await readFile(join(workspaceRoot, 'packages/library/http/package.json'), 'utf8')) as { version: string };
  assert.equal(manifest.version, '1.1.0');
  assert.equal((await fix()).fixed, false);
});

test('a package is created from its plan, without overwriting a file that is there', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const scaffold = (): Promise<FixResult> => inActivity(agents.spawnFixAgent, orderFor(workspaceRoot, 'core/events', 'SCAFFOLD'));
  const created = await scaffold();
  assert.deepEqual(created.filesChanged, [
    'packages/core/events/package.json',
    'packages/core/events/src/index.js',
    'packages/core/events/test/index.test.js',
    'packages/core/events/README.md',
  ]);
  const location = { workspaceRoot, packagePath: 'packages/core/events', planPath: 'plans/packages/core/events.md' };
  assert.deepEqual(await inActivity(build.auditPackageState, location), { status: 'complete', nextSteps: [] });
  for (const step of [build.runBuild, build.runTests, build.runQualityChecks]) {
    const result = await inActivity(step, location);
    assert.equal(result.success, true, result.stderr);
  }
  await writeFile(join(workspaceRoot, 'packages/core/events/README.md'), 'mine');
  assert.deepEqual((await scaffold()).filesChanged, []);
  assert.equal(await readFile(join(workspaceRoot, 'packages/core/events/README.md'), 'utf8'), 'mine');
});

test('a plan without files, or no plan, scaffolds nothing', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  for (const path of ['core/clock', 'core/missing']) {
    const fix = await inActivity(agents.spawnFixAgent, orderFor(workspaceRoot, path, 'SCAFFOLD'));
    assert.equal(fix.fixed, false);
  }
});

test('a plan cannot write outside its package', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const clockReadme = join(workspaceRoot, 'packages/core/clock/README.md');
  const before = await readFile(clockReadme, 'utf8');
  const plan = join(workspaceRoot, 'plans/packages/core/events.md');
  await writeFile(plan, (await readFile(plan, 'utf8')).replace('title="README.md"', 'title="../clock/README.md"'));
  await assert.rejects(
    inActivity(agents.spawnFixAgent, orderFor(workspaceRoot, 'core/events', 'SCAFFOLD')),
    /the plan plans\/packages\/core\/events\.md wants to write \.\.\/clock\/README\.md, outside its package/,
  );
  assert.equal(await readFile(clockReadme, 'utf8'), before);
});

test('an agent that knows nothing, or is not made for the problem, says so', async (t) => {
  const workspaceRoot = await workspaceCopy(t, { with: ['legacy'] });
  const order = orderFor(workspaceRoot, 'library/legacy', 'TEST_FAILURE', { stderr: '✖ half a unit is rounded' });
  assert.deepEqual(await inActivity(agents.spawnFixAgent, order), {
    fixed: false,
    summary: 'fixer knows no remedy for this TEST_FAILURE of @acme/legacy',
    filesChanged: [],
  });
  order.agent = { name: 'scaffolder', handles: ['SCAFFOLD'] };
  assert.deepEqual(await inActivity(agents.spawnFixAgent, order), {
    fixed: false,
    summary: 'scaffolder does not handle TEST_FAILURE',
    filesChanged: [],
  });
});

test('another attempt of the same activity gets the same answer, and applies no second fix', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const stderr = '✖ every pause is twice the one before\n✖ the last attempt counts\n';
  const order = orderFor(workspaceRoot, 'utility/retry', 'TEST_FAILURE', { stderr });
  const first = await runIn(activityContext('fix-1'), agents.spawnFixAgent, order);
  const source = await readFile(join(workspaceRoot, 'packages/utility/retry/src/index.js'), 'utf8');
  assert.deepEqual(await runIn(activityContext('fix-1'), agents.spawnFixAgent, order), first);
  assert.equal(await readFile(join(workspaceRoot, 'packages/utility/retry/src/index.js'), 'utf8'), source);
});

test('a fix that an attempt began before it died is finished, not followed by another one', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const stderr = '✖ every pause is twice the one before\n✖ the last attempt counts\n';
  const order = orderFor(workspaceRoot, 'utility/retry', 'TEST_FAILURE', { stderr });
  const context = activityContext('fix-2');
  const requestId = `${context.context.info.workflowExecution?.runId}-fix-2`;
  const applied = await runIn(activityContext('fix-of-before'), agents.spawnFixAgent, order);
  await beginRemedy({ ...order, requestId }, 'fixes/retry/double-the-pause.patch');
  assert.deepEqual(await runIn(context, agents.spawnFixAgent, order), applied);
});

test('cancellation ends the agent and what it runs', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const folder = join(workspaceRoot, 'packages/utility/logger');
  await editJson(join(folder, 'package.json'), (manifest) => {
    manifest['scripts'] = { 'quality:fix': 'sleep 600 & echo $! $$ $PPID > pids; wait' };
  });
  const context = activityContext();
  const running = runIn(context, agents.spawnFixAgent, orderFor(workspaceRoot, 'utility/logger', 'QUALITY_FAILURE'));
  running.catch(() => undefined);
  const pids = await startedProcesses(join(folder, 'pids'));
  context.cancel();
  await assert.rejects(running, CancelledFailure);
  await allGone(pids);
});

test('remedies that cannot be read are an error that names the file', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const path = join(workspaceRoot, 'fixes/retry/remedies.json');
  const order = orderFor(workspaceRoot, 'utility/retry', 'TEST_FAILURE');
  for (const [text, expected] of [
    ['[', /fixes\/retry\/remedies\.json does not parse/],
    ['[{"problem": "TEST_FAILURE"}]', /remedies\.json: entry 0 needs "problem" and "output"/],
    ['[{"problem": "TEST_FAILURE", "output": ""}]', /entry 0 needs either "patch" or "escalate"/],
  ] as const) {
    await writeFile(path, text);
    assert.match((await permanent(inActivity(agents.spawnFixAgent, order), 'AgentFailed')).message, expected);
  }
});

test('dependencies are verified against the registry, in the range that the package wants', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const verify = (path: string, ...names: string[]) =>
    inActivity(agents.verifyDependencies, {
      workspaceRoot,
      packagePath: `packages/${path}`,
      dependencies: names.map((name) => `@acme/${name}`),
    });
  assert.deepEqual(await verify('library/storage', 'ids'), { ok: true, missing: [] });
  assert.deepEqual(await verify('library/storage', 'ids', 'result', 'validate'), {
    ok: false,
    missing: ['@acme/result', '@acme/validate'],
  });
  assert.deepEqual(await verify('library/http', 'config'), { ok: false, missing: ['@acme/config'] });
  assert.deepEqual(await verify('library/planned-only', 'config'), { ok: true, missing: [] });
});

test('the registry lists the agents in their order', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const { agents: all } = await inActivity(registry.loadAgentRegistry, workspaceRoot);
  assert.deepEqual(all.map(({ name }) => name), ['scaffolder', 'code-fixer', 'style-fixer', 'release-fixer']);
  assert.deepEqual(all[1]?.handles, ['BUILD_FAILURE', 'TEST_FAILURE']);
  await rm(join(workspaceRoot, 'agents.json'));
  assert.deepEqual(await inActivity(registry.loadAgentRegistry, workspaceRoot), { agents: [] });
});

test('a registry that cannot be used is refused, with the agent and what is wrong', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const path = join(workspaceRoot, 'agents.json');
  const load = (): Promise<unknown> => inActivity(registry.loadAgentRegistry, workspaceRoot);
  await editJson(path, (data) => {
    data['agents'] = [{ name: 'fixer', handles: ['BUILD_FAILUR'] }];
  });
  const failure = await permanent(load(), 'InvalidAgentRegistry');
  assert.match(failure.message, /agents\.json cannot be used: agent "fixer" handles "BUILD_FAILUR": use one of SCAFFOLD, /);
  for (const text of ['{', '[]', '{"agents": [null]}', '{"agents": [{"name": "fixer"}]}']) {
    await writeFile(path, text);
    await permanent(load(), 'InvalidAgentRegistry');
  }
});
