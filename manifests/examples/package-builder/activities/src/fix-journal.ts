// Remembers which remedy an order began and how it ended, so that a retried order does not look for a second remedy.
// Depends on files.ts; it must not know what remedies do.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readTextIfPresent, writeFileAtomically } from './files';
import type { FixOrder } from './fix-order';
import type { FixResult } from './types';
import { workspaceLayout } from './workspace-paths';

/** What is known of an order that came before. */
export interface JournalEntry {
  /** The remedy whose application was begun. */
  begun?: string;
  /** How the order ended. */
  result?: FixResult;
}

/** What the journal knows of an order; undefined when it is new. */
export async function recallOrder(order: FixOrder): Promise<JournalEntry | undefined> {
  const text = await readTextIfPresent(entryPath(order));
  return text === undefined ? undefined : (JSON.parse(text) as JournalEntry);
}

/** Notes that a remedy is about to be applied. */
export async function beginRemedy(order: FixOrder, remedyId: string): Promise<void> {
  await write(order, { begun: remedyId });
}

/** Notes how an order ended. */
export async function finishOrder(order: FixOrder, result: FixResult): Promise<void> {
  await write(order, { result });
}

async function write(order: FixOrder, entry: JournalEntry): Promise<void> {
  await writeFileAtomically(entryPath(order), `${JSON.stringify(entry, undefined, 2)}\n`);
}

function entryPath(order: FixOrder): string {
  const name = createHash('sha256').update(`${order.agent.name}\n${order.requestId}`).digest('hex').slice(0, 32);
  return join(order.workspaceRoot, workspaceLayout.fixJournal, `${name}.json`);
}
