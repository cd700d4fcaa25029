// Open executions that move to new versions, and their histories.
// May talk to the Temporal server through the SDK. Knows nothing of replay.

import { Client, WorkflowNotFoundError } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { checkedHistory, type History } from './history.js';

/** Which executions are meant. */
export interface OpenOn {
  /** The worker deployment that they run on. */
  readonly deployment: string;
  /** Workflow types; all when absent. */
  readonly types?: readonly string[];
  /** At most so many, those that were started last; all when absent. */
  readonly limit?: number;
}

/**
 * The histories, one after the other, each with the execution that it is of. The server's index may be a moment behind;
 * what has gone meanwhile is left out.
 */
export async function* openHistories(connection: NativeConnection, namespace: string, wanted: OpenOn): AsyncGenerator<History> {
  const { workflow } = new Client({ connection, namespace });
  let count = 0;
  for await (const { workflowId, runId } of workflow.list({ query: query(wanted) })) {
    if (wanted.limit !== undefined && count === wanted.limit) return;
    const events = await workflow
      .getHandle(workflowId, runId)
      .fetchHistory()
      .catch((thrown: unknown) => {
        if (!(thrown instanceof WorkflowNotFoundError)) throw thrown;
      });
    if (events === undefined) continue;
    count += 1;
    yield { ...checkedHistory(events), workflowId, runId };
  }
}

/** In the server's list language. An execution with an override has the behavior of that. */
function query({ deployment, types }: OpenOn): string {
  const text = (value: string) => `'${value.replaceAll("'", "''")}'`;
  const conditions = [
    "ExecutionStatus = 'Running'",
    "TemporalWorkflowVersioningBehavior = 'AutoUpgrade'",
    `TemporalWorkerDeployment = ${text(deployment)}`,
    ...(types === undefined ? [] : [`WorkflowType IN (${types.map(text).join(', ')})`]),
  ];
  return conditions.join(' AND ');
}
