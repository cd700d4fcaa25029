// What an agent can do about a problem: the workspace's own knowledge under fixes/ first, then the general fixers.
// Depends on the patch, scaffold and fixer modules; it must not know how an order reached the agent.

import { join } from 'node:path';
import { readTextIfPresent } from './files';
import type { FixOrder } from './fix-order';
import { patchRemedy } from './fix-patches';
import { raiseVersionRemedy, repairStyleRemedy } from './fixers';
import { scaffoldRemedy } from './scaffolding';
import type { FixResult, Problem, ProblemType } from './types';
import { shortNameOf, workspaceLayout } from './workspace-paths';

/** One thing that can be done about a problem. */
export interface Remedy {
  /** Unique among the remedies of one order. */
  id: string;
  /** Whether there is still something to do; a patch that lies in the source already has nothing left. */
  isOpen(): Promise<boolean>;
  /** Does it; finishes what an earlier attempt began. Undefined when it turned out to have no effect. */
  apply(): Promise<FixResult | undefined>;
}

/** An entry of `fixes/<package>/remedies.json` or `fixes/remedies.json`. */
interface KnownRemedy {
  problem: ProblemType;
  /** A part of the failed process's output that tells this problem from others. */
  output: string;
  /** What the remedy does, for the report. */
  summary?: string;
  /** A patch file beside the remedies.json. */
  patch?: string;
  /** Why only a human may decide; excludes `patch`. */
  escalate?: string;
}

/** The remedies that match an order's problem, in the order in which they are to be tried. */
export async function remediesFor(order: FixOrder): Promise<Remedy[]> {
  const own = await knownRemedies(order, shortNameOf(order.problem.context.packageName));
  const general = await knownRemedies(order, '');
  return [...own, ...general, ...generalFixers(order)];
}

function generalFixers(order: FixOrder): Remedy[] {
  switch (order.problem.type) {
    case 'SCAFFOLD':
      return [scaffoldRemedy(order)];
    case 'QUALITY_FAILURE':
      return [repairStyleRemedy(order)];
    case 'PUBLISH_FAILURE':
      return [raiseVersionRemedy(order)];
    case 'BUILD_FAILURE':
    case 'TEST_FAILURE':
      return [];
  }
}

async function knownRemedies(order: FixOrder, folder: string): Promise<Remedy[]> {
  const location = join(workspaceLayout.fixes, folder);
  const path = join(order.workspaceRoot, location, 'remedies.json');
  const text = await readTextIfPresent(path);
  if (text === undefined) return [];
  const known = parse(text, path);
  const output = outputOf(order.problem);
  return known
    .filter((entry) => entry.problem === order.problem.type && output.includes(entry.output))
    .map((entry, index) => toRemedy(order, location, entry, index));
}

function toRemedy(order: FixOrder, location: string, entry: KnownRemedy, index: number): Remedy {
  const { escalate, patch } = entry;
  if (escalate !== undefined) {
    const result = { fixed: false, summary: 'a human has to decide', filesChanged: [], escalate: { reason: escalate } };
    return { id: `${location} escalation ${index}`, isOpen: async () => true, apply: async () => result };
  }
  return patchRemedy(order.workspaceRoot, join(location, patch ?? ''), entry.summary ?? `applied ${patch}`);
}

function parse(text: string, path: string): KnownRemedy[] {
  let entries: KnownRemedy[];
  try {
    entries = JSON.parse(text) as KnownRemedy[];
  } catch (error) {
    throw new Error(`${path} does not parse: ${(error as Error).message}`);
  }
  for (const [index, entry] of entries.entries()) {
    if (typeof entry.problem !== 'string' || typeof entry.output !== 'string') {
      throw new Error(`${path}: entry ${index} needs "problem" and "output"`);
    }
    if ((entry.patch === undefined) === (entry.escalate === undefined)) {
      throw new Error(`${path}: entry ${index} needs either "patch" or "escalate"`);
    }
  }
  return entries;
}

function outputOf(problem: Problem): string {
  return [problem.error.message, problem.error.stderr, problem.error.stdout].join('\n');
}
