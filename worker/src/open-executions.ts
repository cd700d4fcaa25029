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
  /** At most so many, spread from the oldest to the newest; all when absent. */
  readonly limit?: number;
}

/** One run of a workflow. */
interface Execution {
  readonly workflowId: string;
  readonly runId: string;
}

/**
 * The histories, one after the other, each with the execution that it is of. The server's index may be a moment behind;
 * what has gone meanwhile is left out.
 */
export async function* openHistories(connection: NativeConnection, namespace: string, wanted: OpenOn): AsyncGenerator<History> {
  const { workflow } = new Client({ connection, namespace });
  const listed = workflow.list({ query: query(wanted), pageSize: 1000 });
  for await (const { workflowId, runId } of wanted.limit === undefined ? listed : await spread(listed, wanted.limit)) {
    const events = await workflow
      .getHandle(workflowId, runId)
      .fetchHistory()
      .catch((thrown: unknown) => {
        if (!(thrown instanceof WorkflowNotFoundError)) throw thrown;
      });
    if (events !== undefined) yield { ...checkedHistory(events), workflowId, runId };
  }
}

/**
 * `count` of a list that begins with the newest, at equal distances; the oldest always, since it has seen the most changes,
 * and the newest. Chosen here, since a server whose index is in an SQL database refuses to sort.
 */
async function spread(list: AsyncIterable<Execution>, count: number): Promise<Execution[]> {
  const all: Execution[] = [];
  for await (const { workflowId, runId } of list) all.push({ workflowId, runId });
  if (all.length <= count) return all;
  const oldestFirst = all.reverse();
  const distance = (all.length - 1) / Math.max(count - 1, 1);
  return Array.from({ length: count }, (_, n) => oldestFirst[Math.round(n * distance)]).filter((execution) => execution !== undefined);
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
