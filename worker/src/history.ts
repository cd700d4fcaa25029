// Histories of executions, and as files: the JSON of `temporal workflow show --output json`, or of GetWorkflowExecutionHistory.
// May read files. Knows no worker.

import { readFile } from 'node:fs/promises';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { fileReason, messageOf } from './problem.js';

/** A history that can be replayed. */
export interface History {
  readonly workflowId: string;
  readonly runId: string;
  readonly workflowType: string;
  /** Events as the SDK takes them. */
  readonly events: ReturnType<typeof historyFromJSON>;
}

/** Reads one file; throws an `Error` that says what is wrong with it. */
export async function readHistory(file: string): Promise<History> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (thrown) {
    throw new Error(`can't be read: ${fileReason(thrown)}`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    throw new Error(`isn't JSON: ${messageOf(thrown)}`);
  }
  return historyOf(json);
}

/** Accepts `{events}` and `{history: {events}}`; throws an `Error` otherwise. */
function historyOf(json: unknown): History {
  const outer = json as { events?: unknown; history?: { events?: unknown }; nextPageToken?: unknown } | null;
  const events = outer?.events ?? outer?.history?.events;
  if (!Array.isArray(events) || events.length === 0) throw new Error('is not a history: it has no events (nor history.events)');
  if (typeof outer?.nextPageToken === 'string' && outer.nextPageToken !== '') {
    throw new Error('is only one page of a history: nextPageToken is not empty; fetch the rest and join the events');
  }
  let history: ReturnType<typeof historyFromJSON>;
  try {
    history = historyFromJSON({ events });
  } catch (thrown) {
    throw new Error(`is not a history: ${messageOf(thrown)}`);
  }
  return checkedHistory(history);
}

/** Takes events for a history; throws an `Error` when they are none. */
export function checkedHistory(events: History['events']): History {
  const started = events.events?.[0]?.workflowExecutionStartedEventAttributes;
  const workflowType = started?.workflowType?.name;
  if (!workflowType) throw new Error('is not a history: its first event is not WorkflowExecutionStarted with a workflow type');
  return { workflowId: started.workflowId || 'unknown', runId: started.originalExecutionRunId || 'unknown', workflowType, events };
}
