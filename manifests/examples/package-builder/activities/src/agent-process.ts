// Runs a program for the fix agent, in the agent's own process group, so that it ends when the agent is ended.
// Depends on node:child_process only; it blocks, which the agent may and a worker may not.

import { spawnSync } from 'node:child_process';

/** How a program ended. */
export interface ProgramOutcome {
  /** Whether its exit code is 0. */
  success: boolean;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. Throws an error when it cannot be started. */
export function runProgram(command: string, args: string[], cwd: string): ProgramOutcome {
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (error !== undefined) throw new Error(`cannot run ${command}: ${error.message}`);
  return { success: status === 0, stdout, stderr };
}
