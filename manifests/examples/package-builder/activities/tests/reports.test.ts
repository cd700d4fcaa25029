// The reports of packages and of whole builds.

import * as reports from '@warpline-examples/package-builder-activities/report';
import type { BuildSummary, PackageBuildReport } from '@warpline-examples/package-builder-activities/types';
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { highestConcurrency, renderSummary } from '../dist/build-summary.js';
import { inActivity, permanent, temporaryFolder } from './workspace-copy';

function reportOf(name: string, start: number, end: number, more: Partial<PackageBuildReport> = {}): PackageBuildReport {
  const time = (seconds: number): string => new Date(Date.UTC(2025, 10, 19, 0, 0, seconds)).toISOString();
  return {
    packageName: `@acme/${name}`,
    status: 'succeeded',
    startTime: time(start),
    endTime: time(end),
    duration: (end - start) * 1000,
    phases: [{ name: 'build', success: true, durationMs: 80 }],
    fixAttempts: [],
    version: '1.0.0',
    ...more,
  };
}

test('a report is written whole, and replaces the one before; four can be written at once', async (t) => {
  const workspaceRoot = await temporaryFolder(t);
  const all = ['a', 'b', 'c', 'd'].map((name) => reportOf(name, 0, 1));
  await Promise.all(all.map((report) => inActivity(reports.writePackageBuildReport, report, workspaceRoot)));
  await inActivity(reports.writePackageBuildReport, reportOf('a', 5, 7), workspaceRoot);
  assert.deepEqual((await readdir(join(workspaceRoot, 'reports'))).sort(), ['a', 'b', 'c', 'd'].map((name) => `acme-${name}.json`));
  const stored: unknown = JSON.parse(await readFile(join(workspaceRoot, 'reports/acme-a.json'), 'utf8'));
  assert.deepEqual(stored, reportOf('a', 5, 7));
});

test('a name that is no package name is refused', async (t) => {
  const workspaceRoot = await temporaryFolder(t);
  const report = { ...reportOf('a', 0, 1), packageName: '../a' };
  await permanent(inActivity(reports.writePackageBuildReport, report, workspaceRoot), 'InvalidPackageName');
});

const summary: BuildSummary = {
  buildId: 'nightly-7',
  startTime: '2025-11-19T00:00:00Z',
  endTime: '2025-11-19T00:00:09Z',
  maxConcurrentBuilds: 4,
  completed: ['@acme/result', '@acme/retry'],
  failed: [{ name: '@acme/auth', error: 'quality escalated:\nlicence | price' }],
  blocked: ['@acme/accounts'],
};

const nightly = [
  reportOf('auth', 4, 6, {
    status: 'failed',
    phases: [{ name: 'quality', success: false, durationMs: 70 }],
    fixAttempts: [{ phase: 'quality', attempt: 1, decision: 'ESCALATE', reasoning: 'licence | price' }],
  }),
  reportOf('result', 0, 4),
  reportOf('retry', 4, 8, {
    fixAttempts: [
      { phase: 'test', attempt: 1, decision: 'RETRY', reasoning: 'pause doubled' },
      { phase: 'test', attempt: 2, decision: 'RETRY', reasoning: 'last attempt made' },
    ],
  }),
];

test('the summary of a build shows order, concurrency, retries, escalations and what stayed blocked', async (t) => {
  const workspaceRoot = await temporaryFolder(t);
  for (const report of nightly) await inActivity(reports.writePackageBuildReport, report, workspaceRoot);
  const path = await inActivity(reports.writeBuildSummary, summary, workspaceRoot);
  assert.equal(path, join(workspaceRoot, 'reports/build-nightly-7.md'));
  assert.equal(await readFile(path, 'utf8'), await readFile(join(__dirname, '../tests/build-summary.expected.md'), 'utf8'));
});

test('a summary of nothing, and one whose packages have no reports, can be read too', async (t) => {
  const workspaceRoot = await temporaryFolder(t);
  const path = await inActivity(reports.writeBuildSummary, summary, workspaceRoot);
  assert.match(await readFile(path, 'utf8'), /- completed: 2\n/);
  const nothing = renderSummary({ buildId: 'empty', completed: [], failed: [], blocked: [] }, []);
  assert.match(nothing, /^# Build empty\n\n- completed: 0\n/);
});

test('a build ID that is no file name is refused', async (t) => {
  const workspaceRoot = await temporaryFolder(t);
  const action = inActivity(reports.writeBuildSummary, { ...summary, buildId: '../x' }, workspaceRoot);
  await permanent(action, 'InvalidBuildId');
});

test('builds that follow each other did not run at once', () => {
  const of = (...pairs: [number, number][]): number => highestConcurrency(pairs.map(([startMs, endMs]) => ({ startMs, endMs })));
  assert.equal(of(), 0);
  assert.equal(of([0, 5], [5, 9]), 1);
  assert.equal(of([0, 5], [4, 9], [4, 6]), 3);
});
