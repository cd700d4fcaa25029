// The activities that write what happened into the workspace's reports/ folder.
// Depends on build-summary.ts for the text; only activities may be exported here, since a worker registers them all.

import { ApplicationFailure } from '@temporalio/activity';
import { join } from 'node:path';
import { renderSummary } from './build-summary';
import { readTextIfPresent, writeFileAtomically } from './files';
import { fileNameOf, workspaceLayout } from './workspace-paths';
import type { BuildSummary, PackageBuildReport } from './types';

export type * from './types';

/** Writes a package's report to `reports/<name>.json`, `@acme/result` as `acme-result`; replaces an older one. */
export async function writePackageBuildReport(report: PackageBuildReport, workspaceRoot: string): Promise<void> {
  await writeFileAtomically(reportPath(workspaceRoot, report.packageName), `${JSON.stringify(report, undefined, 2)}\n`);
}

/**
 * Writes a readable report of a whole build run: order, concurrency, retries, escalations, what stayed blocked. The
 * details come from the reports of its packages. Returns the file's absolute path, `reports/build-<buildId>.md`.
 */
export async function writeBuildSummary(summary: BuildSummary, workspaceRoot: string): Promise<string> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(summary.buildId)) {
    throw ApplicationFailure.nonRetryable(
      `buildId "${summary.buildId}" cannot be part of a file name: use letters, digits, dots and dashes`,
      'InvalidBuildId',
    );
  }
  const names = [...summary.completed, ...summary.failed.map((failure) => failure.name)];
  const reports: PackageBuildReport[] = [];
  for (const name of names) {
    const text = await readTextIfPresent(reportPath(workspaceRoot, name));
    if (text !== undefined) reports.push(JSON.parse(text) as PackageBuildReport);
  }
  const path = join(workspaceRoot, workspaceLayout.reports, `build-${summary.buildId}.md`);
  await writeFileAtomically(path, renderSummary(summary, reports));
  return path;
}

function reportPath(workspaceRoot: string, packageName: string): string {
  return join(workspaceRoot, workspaceLayout.reports, `${fileNameOf(packageName)}.json`);
}
