// The activities that prepare and run the agents: a dependency check, and the program that fixes a problem.
// Depends on the registry and activity-process.ts; only activities may be exported here, since a worker registers them all.

import { ApplicationFailure, Context } from '@temporalio/activity';
import { join } from 'node:path';
import { runInActivity } from './activity-process';
import { isServed } from './local-registry';
import { readManifest } from './package-manifest';
import { insideWorkspace } from './workspace-paths';
import type { DependencyCheck, DependencyQuery, FixRequest, FixResult } from './types';
import type { FixOrder } from './fix-order';

export type * from './types';

/**
 * Whether the registry serves every named dependency, in the range that the package's package.json wants
 * (any version where it names none, or where the package has no folder yet).
 */
export async function verifyDependencies(input: DependencyQuery): Promise<DependencyCheck> {
  const manifest = await readManifest(insideWorkspace(input.workspaceRoot, input.packagePath));
  const missing: string[] = [];
  for (const name of input.dependencies) {
    const range = manifest?.dependencies[name] ?? '*';
    if (!(await isServed(input.workspaceRoot, name, range))) missing.push(name);
  }
  return { ok: missing.length === 0, missing };
}

/**
 * Lets an agent work on a problem, in a process of its own. It fixes the problem, says that a human has to decide,
 * or says that it knows nothing (`fixed: false`). A retry of the same activity finishes the same fix. Fails for good,
 * naming the file, when the workspace's remedies or plan cannot be used.
 */
export async function spawnFixAgent(input: FixRequest): Promise<FixResult> {
  const { agent, problem, workspaceRoot } = input;
  insideWorkspace(workspaceRoot, problem.context.packagePath);
  const { workflowExecution, activityId } = Context.current().info;
  const order: FixOrder = {
    requestId: `${workflowExecution?.runId ?? 'standalone'}-${activityId}`,
    agent,
    problem,
    workspaceRoot,
  };
  const outcome = await runInActivity({
    command: process.execPath,
    args: [join(__dirname, 'fix-agent.js')],
    cwd: workspaceRoot,
    input: JSON.stringify(order),
    keepBytes: 1024 * 1024,
  });
  if (outcome.exitCode !== 0) {
    const reason = outcome.stderr.trim() || `it was ended by ${outcome.endedBySignal}`;
    const message = `agent "${agent.name}" has no result for ${problem.context.packageName}: ${reason}`;
    // What the agent itself complains about is there the next time too; whatever ended it may not be.
    if (outcome.endedBySignal === undefined) throw ApplicationFailure.nonRetryable(message, 'AgentFailed');
    throw ApplicationFailure.retryable(message, 'AgentFailed');
  }
  return JSON.parse(outcome.stdout) as FixResult;
}
