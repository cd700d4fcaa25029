// Working copies of the workspace, and the program that makes them.

import { prepareWorkspace } from '@warpline-examples/package-builder-activities/prepare';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { selectPackages } from '../dist/package-selection.js';
import { pristine, temporaryFolder } from './workspace-copy';

const program = join(__dirname, '..', 'dist', 'prepare-workspace.js');

function head(workspaceRoot: string): string {
  return execFileSync('git', ['rev-parse', 'HEAD'], { cwd: workspaceRoot, encoding: 'utf8' });
}

test('two copies are the same, down to the commit and the published tarballs', async (t) => {
  const folder = await temporaryFolder(t);
  const [one, two] = [join(folder, 'one'), join(folder, 'two')];
  for (const destination of [one, two]) await prepareWorkspace({ source: pristine, destination });
  assert.equal(head(one), head(two));
  for (const tarball of ['ids/1.0.0', 'strings/2.0.0', 'config/1.0.0', 'http/1.0.0']) {
    const path = `registry/@acme/${tarball}.tgz`;
    assert.deepEqual(await readFile(join(one, path)), await readFile(join(two, path)));
  }
});

test('a copy holds the packages that are named and what they depend on, and nothing else', async (t) => {
  const destination = join(await temporaryFolder(t), 'new', 'workspace');
  const prepared = await prepareWorkspace({ source: pristine, destination, only: ['storage', '@acme/clock'] });
  assert.deepEqual(prepared, {
    workspaceRoot: destination,
    packages: ['@acme/clock', '@acme/ids', '@acme/result', '@acme/storage', '@acme/validate'],
    published: ['@acme/ids@1.0.0'],
  });
  assert.deepEqual((await readdir(join(destination, 'packages/core'))).sort(), ['clock', 'ids', 'result']);
  assert.deepEqual((await readdir(join(destination, 'plans/packages/library'))).sort(), ['storage.md']);
  assert.deepEqual(await readdir(join(destination, 'registry/@acme')), ['ids']);
});

test('optional packages come only when they are named', async () => {
  const standard = await selectPackages(pristine, {});
  assert.equal(standard.names.length, 19);
  assert.deepEqual(standard.excludedPaths, ['packages/library/legacy', 'plans/packages/library/legacy.md']);
  const all = await selectPackages(pristine, { with: ['legacy'] });
  assert.deepEqual(all.names.filter((name) => !standard.names.includes(name)), ['@acme/legacy']);
  assert.deepEqual((await selectPackages(pristine, { only: ['@acme/legacy'] })).names, ['@acme/legacy', '@acme/result']);
});

test('generated packages are published already', async (t) => {
  const destination = join(await temporaryFolder(t), 'workspace');
  const prepared = await prepareWorkspace({ source: pristine, destination, only: [], generate: 12 });
  assert.deepEqual([prepared.packages.length, prepared.packages[11]], [12, '@acme/generated-012']);
  assert.equal(prepared.published[0], '@acme/generated-001@1.0.0');
  assert.equal((await readdir(join(destination, 'registry/@acme'))).length, 12);
});

test('a folder that holds something is refused and left alone', async (t) => {
  const destination = await temporaryFolder(t);
  await writeFile(join(destination, 'mine.txt'), 'mine');
  const run = spawnSync(process.execPath, [program, pristine, destination], { encoding: 'utf8' });
  assert.equal(run.status, 1);
  assert.match(run.stderr, /is not empty: choose a new folder, or remove this one yourself\n$/);
  assert.deepEqual(await readdir(destination), ['mine.txt']);
});

test('the program prints what it prepared, for people or as JSON', async (t) => {
  const folder = await temporaryFolder(t);
  const run = (...args: string[]): string => execFileSync(process.execPath, [program, pristine, ...args], { encoding: 'utf8' });
  const [one, two] = [join(folder, 'one'), join(folder, 'two')];
  assert.equal(run(one, '--only', 'ids, clock'), `${one}: 2 packages, 1 published already\n`);
  const { packages } = JSON.parse(run(two, '--only=', '--generate', '2', '--json')) as { packages: string[] };
  assert.deepEqual(packages, ['@acme/generated-001', '@acme/generated-002']);
});

test('a preparation that fails leaves nothing behind', async (t) => {
  const folder = await temporaryFolder(t);
  const [source, destination] = [join(folder, 'source'), join(folder, 'copy')];
  await cp(pristine, source, { recursive: true });
  await writeFile(join(source, 'published/ids/1.0.0/package.json'), '{"name": "@acme/ids", "version": "1.0.0", "files": 7}');
  await assert.rejects(prepareWorkspace({ source, destination, only: ['ids'] }), /npm pack failed in /);
  assert.deepEqual(await readdir(folder), ['source']);
});

test('wrong arguments are refused, with what to do', async (t) => {
  const folder = await temporaryFolder(t);
  const destination = join(folder, 'workspace');
  const refused = (...args: string[]): string => {
    const run = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
    assert.equal(run.status, 1);
    return run.stderr;
  };
  assert.match(refused(), /give a source and a destination\n\nusage: node prepare-workspace\.js/);
  assert.match(refused(folder, destination), /is not a workspace: it has no folder "packages"/);
  assert.match(refused(pristine, destination, '--only', 'clok'), /the workspace has no package "clok"; it has .*clock/);
  assert.match(refused(pristine, destination, '--generate', 'many'), /cannot generate NaN packages/);
  assert.match(refused(pristine, destination, '--onyl', 'clock'), /Unknown option '--onyl'/);
  assert.match(refused(pristine, join(pristine, 'copy')), /lies inside the source/);
  await mkdir(join(folder, 'packages/core/clock'), { recursive: true });
  assert.deepEqual(await readdir(folder), ['packages']);
});
