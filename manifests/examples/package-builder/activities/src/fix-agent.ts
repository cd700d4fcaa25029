// The program behind spawnFixAgent: reads an order from its standard input, works in the workspace, prints a FixResult.
// Depends on the remedies; it stands in for an AI agent and must not know Temporal or who ordered it.

import { text } from 'node:stream/consumers';
import { beginRemedy, finishOrder, recallOrder } from './fix-journal';
import { remediesFor } from './fix-remedies';
import type { FixOrder } from './fix-order';
import type { FixResult } from './types';

async function fix(order: FixOrder): Promise<FixResult> {
  const recalled = await recallOrder(order);
  if (recalled?.result !== undefined) return recalled.result;
  if (!order.agent.handles.includes(order.problem.type)) {
    return unknown(`${order.agent.name} does not handle ${order.problem.type}`);
  }
  const result = await resolveProblem(order, recalled?.begun);
  await finishOrder(order, result);
  return result;
}

/** Finishes the remedy that an earlier attempt began; otherwise applies the first one that has something to do. */
async function resolveProblem(order: FixOrder, begun: string | undefined): Promise<FixResult> {
  const remedies = await remediesFor(order);
  for (const remedy of remedies) {
    if (remedy.id !== begun && !(await remedy.isOpen())) continue;
    await beginRemedy(order, remedy.id);
    const result = await remedy.apply();
    if (result !== undefined) return result;
  }
  const { type, context } = order.problem;
  return unknown(`${order.agent.name} knows no remedy for this ${type} of ${context.packageName}`);
}

function unknown(summary: string): FixResult {
  return { fixed: false, summary, filesChanged: [] };
}

async function main(): Promise<void> {
  const order = JSON.parse(await text(process.stdin)) as FixOrder;
  process.stdout.write(JSON.stringify(await fix(order)));
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
