// The MCP store: statuses and requests.

import * as mcp from '@warpline-examples/package-builder-activities/mcp';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { addRequests, readStatus, type PackageRequest } from '../dist/mcp-store.js';
import { activityContext, inActivity, permanent, runIn, temporaryFolder, workspaceCopy } from './workspace-copy';

function requestsFor(...names: string[]): PackageRequest[] {
  return names.map((name) => ({ packageName: `@acme/${name}`, category: 'core', dependencies: [] }));
}

test('many packages can change their status at once; the last status of each counts', async (t) => {
  const workspaceRoot = await temporaryFolder(t);
  const names = Array.from({ length: 40 }, (_, index) => `@acme/p${index}`);
  await Promise.all(names.map((name) => inActivity(mcp.updateMCPPackageStatus, name, 'building', workspaceRoot)));
  await Promise.all(names.map((name) => inActivity(mcp.updateMCPPackageStatus, name, 'published', workspaceRoot)));
  for (const name of names) assert.equal((await readStatus(workspaceRoot, name))?.status, 'published');
  assert.equal((await readdir(join(workspaceRoot, '.mcp/status'))).length, 40);
});

test('a status for something that is no package is refused', async (t) => {
  const workspaceRoot = await temporaryFolder(t);
  await permanent(inActivity(mcp.updateMCPPackageStatus, '../../x', 'published', workspaceRoot), 'InvalidPackageName');
});

test('requested packages are given out once, in order, ready to be built', async (t) => {
  const workspaceRoot = await temporaryFolder(t);
  const first = { ...requestsFor('web')[0], category: 'app', dependencies: ['@acme/catalog'], config: { dryRun: true } } as const;
  await addRequests(workspaceRoot, [first as unknown as PackageRequest, ...requestsFor('clock', 'result')]);
  const taken = await inActivity(mcp.fetchPendingPackages, { workspaceRoot });
  assert.deepEqual(taken[0], {
    packageName: '@acme/web',
    packagePath: 'packages/app/web',
    planPath: 'plans/packages/app/web.md',
    category: 'app',
    dependencies: ['@acme/catalog'],
    workspaceRoot,
    config: { dryRun: true },
  });
  assert.deepEqual(taken.map(({ packageName }) => packageName), ['@acme/web', '@acme/clock', '@acme/result']);
  assert.deepEqual(await inActivity(mcp.fetchPendingPackages, { workspaceRoot }), []);
});

test('a retry of the same poll gives out the same packages, and what came since', async (t) => {
  const workspaceRoot = await temporaryFolder(t);
  const poll = async (id: string): Promise<string[]> => {
    const taken = await runIn(activityContext(id), mcp.fetchPendingPackages, { workspaceRoot });
    return taken.map(({ packageName }) => packageName);
  };
  await addRequests(workspaceRoot, requestsFor('clock'));
  assert.deepEqual(await poll('poll-1'), ['@acme/clock']);
  await addRequests(workspaceRoot, requestsFor('result'));
  assert.deepEqual(await poll('poll-1'), ['@acme/clock', '@acme/result']);
  assert.deepEqual(await poll('poll-2'), []);
});

test('four polls at once share the requests; none is lost, none is given out twice', async (t) => {
  const workspaceRoot = await temporaryFolder(t);
  const names = Array.from({ length: 60 }, (_, index) => `p${index}`);
  await addRequests(workspaceRoot, requestsFor(...names));
  const polls = await Promise.all([1, 2, 3, 4].map(() => inActivity(mcp.fetchPendingPackages, { workspaceRoot })));
  const taken = polls.flat().map(({ packageName }) => packageName);
  assert.deepEqual(taken.sort(), names.map((name) => `@acme/${name}`).sort());
});

test('a request that cannot be used is put aside with the reason, and does not hold up the others', async (t) => {
  const workspaceRoot = await temporaryFolder(t);
  await addRequests(workspaceRoot, requestsFor('clock'));
  const requests = join(workspaceRoot, '.mcp/requests');
  await writeFile(join(requests, '0-a.json'), '{');
  await writeFile(join(requests, '0-b.json'), '{"packageName": "@acme/x", "category": "kernel"}');
  await writeFile(join(requests, '0-c.json'), '{"packageName": "../x", "category": "core"}');
  await writeFile(join(requests, '0-d.json'), '{"packageName": "@acme/x", "category": "core", "dependencies": "result"}');
  const taken = await inActivity(mcp.fetchPendingPackages, { workspaceRoot });
  assert.deepEqual(taken.map(({ packageName }) => packageName), ['@acme/clock']);
  const rejected = join(workspaceRoot, '.mcp/rejected');
  assert.equal((await readdir(rejected)).length, 8);
  assert.match(await readFile(join(rejected, '0-b.json.reason.txt'), 'utf8'), /the request for @acme\/x needs a "category": one of core/);
  assert.match(await readFile(join(rejected, '0-d.json.reason.txt'), 'utf8'), /"dependencies"/);
});

test('the program requests the named packages, or all', async (t) => {
  const workspaceRoot = await workspaceCopy(t, { only: ['retry'] });
  const program = join(__dirname, '..', 'dist', 'request-packages.js');
  const run = (...args: string[]) => spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  const fetched = async (): Promise<string[]> =>
    (await inActivity(mcp.fetchPendingPackages, { workspaceRoot })).map(({ packageName }) => packageName);
  const named = run(workspaceRoot, 'retry', '@acme/clock');
  assert.equal(named.stdout, `${workspaceRoot}: requested @acme/retry, @acme/clock\n`);
  assert.deepEqual(await fetched(), ['@acme/retry', '@acme/clock']);
  assert.equal(run(workspaceRoot).status, 0);
  assert.deepEqual(await fetched(), ['@acme/clock', '@acme/result', '@acme/retry']);
  assert.match(run(workspaceRoot, 'clok').stderr, /the workspace has no package "clok"; it has clock, result, retry/);
  assert.match(run().stderr, /usage: node request-packages\.js/);
  assert.deepEqual(await fetched(), []);
});
