// The whole workspace, built by the reference build: the end of every package that workspace/README.md promises.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readStatus } from '../dist/mcp-store.js';
import { referenceBuild, type ReferenceBuild } from './reference-build';
import { workspaceCopy } from './workspace-copy';

/** Package, end, version, status in the MCP store, decisions of the coordinator. */
const EXPECTED = [
  ['@acme/admin', 'blocked', '', '', ''],
  ['@acme/accounts', 'blocked', '', '', ''],
  ['@acme/auth', 'failed', '', 'escalated', 'quality ESCALATE'],
  ['@acme/cache', 'succeeded', '1.0.0', 'published', ''],
  ['@acme/catalog', 'succeeded', '1.0.0', 'published', ''],
  ['@acme/clock', 'succeeded', '1.0.0', 'published', ''],
  ['@acme/config', 'succeeded', '1.1.0', 'published', ''],
  ['@acme/events', 'succeeded', '1.0.0', 'published', 'scaffold RETRY'],
  ['@acme/http', 'succeeded', '1.1.0', 'published', 'publish RETRY'],
  ['@acme/ids', 'skipped', '1.0.0', 'published', ''],
  ['@acme/legacy', 'failed', '', 'failed', 'test FAIL'],
  ['@acme/logger', 'succeeded', '1.0.0', 'published', 'quality RETRY'],
  ['@acme/notifications', 'succeeded', '1.0.0', 'published', ''],
  ['@acme/playground', 'skipped', '', 'private', ''],
  ['@acme/result', 'succeeded', '1.0.0', 'published', ''],
  ['@acme/retry', 'succeeded', '1.0.0', 'published', 'test RETRY, test RETRY'],
  ['@acme/storage', 'succeeded', '1.0.0', 'published', ''],
  ['@acme/strings', 'skipped', '2.0.0', 'current', ''],
  ['@acme/validate', 'succeeded', '1.0.0', 'published', 'build RETRY'],
  ['@acme/web', 'succeeded', '1.0.0', 'published', ''],
];

test('every package of the workspace comes to its expected end', async (t) => {
  const workspaceRoot = await workspaceCopy(t, { with: ['legacy'] });
  const outcome = await referenceBuild(workspaceRoot, 4);

  await t.test('ends, versions, statuses and decisions', async () => {
    const actual = await Promise.all(EXPECTED.map(([name]) => endOf(workspaceRoot, outcome, name ?? '')));
    assert.deepEqual(actual, EXPECTED);
    assert.equal(outcome.reports.size + outcome.summary.blocked.length, EXPECTED.length);
  });

  await t.test('four builds ran at once, and none before its dependencies', () => {
    assert.equal(outcome.highestConcurrency, 4);
    const position = (name: string): number => outcome.started.indexOf(name);
    for (const [before, after] of [['@acme/http', '@acme/catalog'], ['@acme/events', '@acme/cache'], ['@acme/catalog', '@acme/web']]) {
      assert.ok(position(before ?? '') >= 0 && position(before ?? '') < position(after ?? ''), `${before} before ${after}`);
    }
  });

  await t.test('the registry holds what was published, and what was there before', async () => {
    const registry = join(workspaceRoot, 'registry', '@acme');
    const versions = async (name: string): Promise<string[]> => (await readdir(join(registry, name))).sort();
    assert.deepEqual(await versions('http'), ['1.0.0.tgz', '1.1.0.tgz']);
    assert.deepEqual(await versions('config'), ['1.0.0.tgz', '1.1.0.tgz']);
    assert.deepEqual(await versions('web'), ['1.0.0.tgz']);
    const names = (await readdir(registry)).sort();
    assert.deepEqual(names.filter((name) => ['auth', 'accounts', 'admin', 'playground', 'legacy'].includes(name)), []);
  });

  await t.test('what the agents changed is committed and pushed, one commit a package', () => {
    const subjects = git(join(workspaceRoot, 'remote.git'), 'log', '--format=%s').trim().split('\n').sort();
    assert.deepEqual(subjects, [
      'Build @acme/events 1.0.0',
      'Build @acme/http 1.1.0',
      'Build @acme/logger 1.0.0',
      'Build @acme/retry 1.0.0',
      'Build @acme/validate 1.0.0',
      'The workspace as it was handed over',
    ]);
    assert.equal(git(workspaceRoot, 'status', '--porcelain'), '');
  });

  await t.test('the summary tells of escalation, failure and what stayed blocked', async () => {
    const text = await readFile(outcome.summaryPath, 'utf8');
    assert.match(text, /- completed: 16\n- failed: 2\n- blocked: 2\n/);
    assert.match(text, /\| @acme\/auth \| quality \| 1 \| ESCALATE \| only the legal team/);
    assert.match(text, /## Blocked, because something they depend on failed\n\n- @acme\/accounts\n- @acme\/admin\n/);
  });

  await t.test('a second build finds everything done, and the same two failures', async () => {
    const again = await referenceBuild(workspaceRoot, 4);
    assert.deepEqual(again.summary.failed.map(({ name }) => name).sort(), ['@acme/auth', '@acme/legacy']);
    const rebuilt = [...again.reports.values()].filter(({ status }) => status === 'succeeded');
    assert.deepEqual(rebuilt.map(({ packageName }) => packageName), []);
  });
});

async function endOf(workspaceRoot: string, outcome: ReferenceBuild, name: string): Promise<string[]> {
  const report = outcome.reports.get(name);
  const status = (await readStatus(workspaceRoot, name))?.status ?? '';
  if (report === undefined) return [name, outcome.summary.blocked.includes(name) ? 'blocked' : 'missing', '', status, ''];
  const decisions = report.fixAttempts.map(({ phase, decision }) => `${phase} ${decision}`).join(', ');
  return [name, report.status, report.version ?? '', status, decisions];
}

function git(folder: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd: folder, encoding: 'utf8' });
}
