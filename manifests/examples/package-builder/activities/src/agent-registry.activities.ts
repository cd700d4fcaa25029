// The activity that reads which agents a workspace has, from its agents.json.
// Depends on files.ts; only activities may be exported here, since a worker registers them all.

import { ApplicationFailure } from '@temporalio/activity';
import { join } from 'node:path';
import { readTextIfPresent } from './files';
import { workspaceLayout } from './workspace-paths';
import type { Agent, AgentRegistry, ProblemType } from './types';

export type * from './types';

const PROBLEM_TYPES: Record<ProblemType, true> = {
  SCAFFOLD: true,
  BUILD_FAILURE: true,
  TEST_FAILURE: true,
  QUALITY_FAILURE: true,
  PUBLISH_FAILURE: true,
};

/**
 * Reads the workspace's agents, in the order in which they are to be asked. A workspace without the file has none.
 * Fails for good, naming the entry, when the file cannot be used.
 */
export async function loadAgentRegistry(workspaceRoot: string): Promise<AgentRegistry> {
  const path = join(workspaceRoot, workspaceLayout.agents);
  const text = await readTextIfPresent(path);
  if (text === undefined) return { agents: [] };
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw invalidRegistry(path, `it does not parse: ${(error as Error).message}`);
  }
  const agents = (data as { agents?: unknown } | null)?.agents;
  if (!Array.isArray(agents)) throw invalidRegistry(path, 'it needs a list "agents"');
  return { agents: agents.map((entry, index) => parseAgent(entry, index, path)) };
}

function parseAgent(entry: unknown, index: number, path: string): Agent {
  const { name, handles } = (entry ?? {}) as { name?: unknown; handles?: unknown };
  if (typeof name !== 'string' || name === '') throw invalidRegistry(path, `agents[${index}] needs a "name"`);
  if (!Array.isArray(handles)) throw invalidRegistry(path, `agent "${name}" needs a list "handles"`);
  for (const type of handles) {
    if (typeof type === 'string' && type in PROBLEM_TYPES) continue;
    const known = Object.keys(PROBLEM_TYPES).join(', ');
    throw invalidRegistry(path, `agent "${name}" handles "${String(type)}": use one of ${known}`);
  }
  return { name, handles: handles as ProblemType[] };
}

function invalidRegistry(path: string, problem: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`${path} cannot be used: ${problem}`, 'InvalidAgentRegistry');
}
