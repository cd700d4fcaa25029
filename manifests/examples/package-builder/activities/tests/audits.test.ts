// The activities that look at a workspace and change nothing.

import { ApplicationFailure } from '@temporalio/activity';
import * as build from '@warpline-examples/package-builder-activities/build';
import assert from 'node:assert/strict';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { editJson, inActivity, permanent, workspaceCopy } from './workspace-copy';

test('the audit lists packages with a folder and packages with only a plan, and their dependencies on each other', async (t) => {
  const workspaceRoot = await workspaceCopy(t, { only: ['cache'] });
  const { packages } = await inActivity(build.auditWorkspace, { workspaceRoot });
  assert.deepEqual(packages, [
    { packageName: '@acme/cache', category: 'library', dependencies: ['@acme/clock', '@acme/events'] },
    { packageName: '@acme/clock', category: 'core', dependencies: [] },
    { packageName: '@acme/events', category: 'core', dependencies: [] },
  ]);
});

test('a dependency that is no package of the workspace is left out', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  await editJson(join(workspaceRoot, 'packages/core/clock/package.json'), (manifest) => {
    manifest['dependencies'] = { 'left-pad': '^1.0.0' };
  });
  const { packages } = await inActivity(build.auditWorkspace, { workspaceRoot });
  const clock = packages.find(({ packageName }) => packageName === '@acme/clock');
  assert.deepEqual(clock?.dependencies, []);
});

test('packages that depend on each other in a circle are refused, with the circle', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  await editJson(join(workspaceRoot, 'packages/core/clock/package.json'), (manifest) => {
    manifest['dependencies'] = { '@acme/retry': '^1.0.0' };
  });
  const failure = await permanent(inActivity(build.auditWorkspace, { workspaceRoot }), 'InvalidWorkspace');
  assert.match(failure.message, /circle: @acme\/clock -> @acme\/retry -> @acme\/clock/);
});

test('a folder that is not named like its package is refused, with the name it should have', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  await rename(join(workspaceRoot, 'packages/core/clock'), join(workspaceRoot, 'packages/core/watch'));
  const failure = await permanent(inActivity(build.auditWorkspace, { workspaceRoot }), 'InvalidWorkspace');
  assert.match(failure.message, /packages\/core\/watch belongs to @acme\/clock: name it clock/);
});

test('a workspace without packages is refused', async (t) => {
  const workspaceRoot = await workspaceCopy(t, { only: [] });
  await permanent(inActivity(build.auditWorkspace, { workspaceRoot }), 'InvalidWorkspace');
});

test('the highest published version is the one that counts', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const query = { packageName: '@acme/ids', workspaceRoot };
  assert.deepEqual(await inActivity(build.checkNpmPublished, query), { published: true, version: '1.0.0' });
  for (const version of ['1.9.0', '1.10.0']) await writeFile(join(workspaceRoot, `registry/@acme/ids/${version}.tgz`), '');
  assert.deepEqual(await inActivity(build.checkNpmPublished, query), { published: true, version: '1.10.0' });
  const other = { packageName: '@acme/clock', workspaceRoot };
  assert.deepEqual(await inActivity(build.checkNpmPublished, other), { published: false });
});

test('a package name cannot lead out of the registry', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const query = { packageName: '../../etc', workspaceRoot };
  await permanent(inActivity(build.checkNpmPublished, query), 'InvalidPackageName');
});

test('only a plan that asks for an upgrade is an upgrade plan', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const isUpgrade = (path: string): Promise<boolean> =>
    inActivity(build.checkIfUpgradePlan, { workspaceRoot, planPath: `plans/packages/${path}.md` });
  assert.equal(await isUpgrade('utility/config'), true);
  assert.equal(await isUpgrade('core/clock'), false);
  assert.equal(await isUpgrade('core/missing'), false);
});

test('a plan that cannot be used is refused, with its path and what is wrong', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const planPath = 'plans/packages/core/bad.md';
  await mkdir(join(workspaceRoot, 'plans/packages/core'), { recursive: true });
  const problems: [string, RegExp][] = [
    ['nothing', /bad\.md cannot be used: it has no ```json block/],
    ['```json\n{\n```\n', /its json block does not parse/],
    ['```json\n[]\n```\n', /is not an object/],
    ['```json\n{"package": "@acme/bad", "category": "kernel"}\n```\n', /"category" is "kernel": use one of core, utility/],
    ['```json\n{"package": 7}\n```\n', /"package" has to be a text/],
  ];
  for (const [text, expected] of problems) {
    await writeFile(join(workspaceRoot, planPath), text);
    const failure = await permanent(inActivity(build.checkIfUpgradePlan, { workspaceRoot, planPath }), 'InvalidPlan');
    assert.match(failure.message, expected);
  }
});

test('a package exists when it has a folder with a package.json', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const exists = (packagePath: string): Promise<boolean> =>
    inActivity(build.checkPackageExists, { workspaceRoot, packagePath });
  assert.equal(await exists('packages/core/clock'), true);
  assert.equal(await exists('packages/core/events'), false);
  await mkdir(join(workspaceRoot, 'packages/core/events'));
  assert.equal(await exists('packages/core/events'), false);
});

test('the state of a package is complete, incomplete with the next steps, or private', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const state = (path: string) =>
    inActivity(build.auditPackageState, { workspaceRoot, packagePath: `packages/${path}`, planPath: `plans/packages/${path}.md` });
  assert.deepEqual(await state('core/clock'), { status: 'complete', nextSteps: [] });
  assert.deepEqual(await state('utility/logger'), { status: 'incomplete', nextSteps: ['write README.md'] });
  assert.deepEqual(await state('app/playground'), { status: 'private', nextSteps: [] });
});

test('the next steps name scripts, sources, tests, exports and dependencies that the plan asks for', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const folder = join(workspaceRoot, 'packages/utility/retry');
  await rm(join(folder, 'test'), { recursive: true });
  await writeFile(join(folder, 'src/index.js'), 'module.exports = { retry, pauseAfter };\n');
  await editJson(join(folder, 'package.json'), (manifest) => {
    manifest['scripts'] = { build: 'true', test: 'true' };
    manifest['dependencies'] = { '@acme/clock': '^1.0.0' };
  });
  const location = { workspaceRoot, packagePath: 'packages/utility/retry', planPath: 'plans/packages/utility/retry.md' };
  assert.deepEqual((await inActivity(build.auditPackageState, location)).nextSteps, [
    'add the script "quality" to package.json',
    'write tests under test/',
    'export "describePauses" from src/index.js',
    'add the dependency @acme/result to package.json',
  ]);
});

test('an upgrade is outdated until the planned version is published', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const upgrade = (name: string) =>
    inActivity(build.auditPackageUpgrade, {
      workspaceRoot,
      packagePath: `packages/utility/${name}`,
      planPath: `plans/packages/utility/${name}.md`,
    });
  const changes = ['adds `readConfigWithDefaults`'];
  assert.deepEqual(await upgrade('config'), { status: 'outdated', targetVersion: '1.1.0', changes });
  assert.deepEqual(await upgrade('strings'), { status: 'current', targetVersion: '2.0.0', changes: [] });
  await permanent(upgrade('missing'), 'PlanNotFound');
});

test('paths that lead out of the workspace, and relative workspaces, are refused', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  for (const packagePath of ['../elsewhere', '/etc', '.', 'packages/../..']) {
    await permanent(inActivity(build.checkPackageExists, { workspaceRoot, packagePath }), 'InvalidPath');
  }
  const relative = { workspaceRoot: 'workspace', packagePath: 'packages/core/clock' };
  await permanent(inActivity(build.checkPackageExists, relative), 'InvalidPath');
});

test('a package.json that cannot be used is refused, with its path', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const location = { workspaceRoot, packagePath: 'packages/core/clock' };
  for (const text of ['{', '[]', '{"name": "@acme/clock"}', 'null']) {
    await writeFile(join(workspaceRoot, 'packages/core/clock/package.json'), text);
    const failure: ApplicationFailure = await permanent(inActivity(build.runBuild, location), 'InvalidManifest');
    assert.match(failure.message, /packages\/core\/clock\/package\.json cannot be used/);
  }
});
