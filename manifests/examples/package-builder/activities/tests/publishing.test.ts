// Publishing into the workspace's registry.

import * as build from '@warpline-examples/package-builder-activities/build';
import assert from 'node:assert/strict';
import { appendFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { editJson, inActivity, workspaceCopy } from './workspace-copy';

const packagePath = 'packages/core/clock';

test('a package is published once, however often and by however many it is published', async (t) => {
  const workspaceRoot = await workspaceCopy(t, { only: ['clock'] });
  const publish = () => inActivity(build.publishPackage, { workspaceRoot, packagePath });
  const first = await publish();
  assert.deepEqual([first.success, first.version], [true, '1.0.0'], first.stderr);
  const tarball = await readFile(join(workspaceRoot, 'registry/@acme/clock/1.0.0.tgz'));
  const second = await publish();
  assert.equal(second.success, true, second.stderr);
  assert.deepEqual(await readdir(join(workspaceRoot, 'registry')), ['@acme']);
  assert.deepEqual(await readFile(join(workspaceRoot, 'registry/@acme/clock/1.0.0.tgz')), tarball);
});

test('four packages are published at the same time', async (t) => {
  const workspaceRoot = await workspaceCopy(t, { only: ['clock', 'result'], generate: 2 });
  const names = ['clock', 'result', 'generated-001', 'generated-002'];
  const results = await Promise.all(
    names.map((name) => inActivity(build.publishPackage, { workspaceRoot, packagePath: `packages/core/${name}` })),
  );
  assert.deepEqual(results.map(({ success, stderr }) => [success, stderr]), names.map(() => [true, '']));
  for (const name of names) assert.deepEqual(await readdir(join(workspaceRoot, 'registry/@acme', name)), ['1.0.0.tgz']);
});

test('other content under a published version is refused; a higher version is taken', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  const publish = () => inActivity(build.publishPackage, { workspaceRoot, packagePath });
  await publish();
  const tarball = await readFile(join(workspaceRoot, 'registry/@acme/clock/1.0.0.tgz'));
  await appendFile(join(workspaceRoot, packagePath, 'src/index.js'), '\n// changed\n');
  const refused = await publish();
  assert.equal(refused.success, false);
  assert.match(refused.stderr, /@acme\/clock 1\.0\.0 is already published with other content: raise the version in packages\/core\/clock\/package\.json/);
  assert.deepEqual(await readFile(join(workspaceRoot, 'registry/@acme/clock/1.0.0.tgz')), tarball);
  await editJson(join(workspaceRoot, packagePath, 'package.json'), (manifest) => {
    manifest['version'] = '1.0.1';
  });
  const raised = await publish();
  assert.deepEqual([raised.success, raised.version], [true, '1.0.1']);
});

test('a private package, and one that does not build, are not published', async (t) => {
  const workspaceRoot = await workspaceCopy(t, { only: ['playground', 'logger', 'ids'] });
  const refused = await inActivity(build.publishPackage, { workspaceRoot, packagePath: 'packages/app/playground' });
  assert.equal(refused.success, false);
  assert.match(refused.stderr, /@acme\/playground is private/);
  const unbuilt = await inActivity(build.publishPackage, { workspaceRoot, packagePath: 'packages/utility/logger' });
  assert.equal(unbuilt.success, false);
  assert.match(unbuilt.stderr, /build and publish @acme\/clock first/);
  assert.deepEqual(await readdir(join(workspaceRoot, 'registry/@acme')), ['ids']);
});
