// The activities that speak with the MCP store: the status of packages, and the packages that somebody requested.
// Depends on mcp-store.ts; only activities may be exported here, since a worker registers them all.

import { Context } from '@temporalio/activity';
import { recordStatus, takeRequests } from './mcp-store';
import type { PackageBuildInput, PackageStatus, WorkspaceLocation } from './types';

export type * from './types';

/** Records a package's status. Safe when several packages are updated at once; the last update of a package counts. */
export async function updateMCPPackageStatus(
  packageName: string,
  status: PackageStatus,
  workspaceRoot: string,
): Promise<void> {
  await recordStatus(workspaceRoot, packageName, status);
}

/**
 * Takes the requested packages out of the store, oldest request first. Every request is given out once, whoever polls;
 * a retry of the same activity gives out the same ones again, so that none is lost.
 */
export async function fetchPendingPackages(input: WorkspaceLocation): Promise<PackageBuildInput[]> {
  const { workflowExecution, activityId } = Context.current().info;
  return takeRequests(input.workspaceRoot, `${workflowExecution?.runId ?? 'standalone'}-${activityId}`);
}
