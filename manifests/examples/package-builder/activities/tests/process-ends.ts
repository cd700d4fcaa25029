// Waits for processes to start and to be gone.
// Depends on node only; the test's own time limit is the only one.

import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Waits until a script has written its process ids into a file, with spaces between and a line end; returns them. */
export async function startedProcesses(file: string): Promise<number[]> {
  while (!existsSync(file) || !readFileSync(file, 'utf8').endsWith('\n')) await delay(10);
  return readFileSync(file, 'utf8').trim().split(' ').map(Number);
}

/** Waits until the processes are gone. */
export async function allGone(pids: number[]): Promise<void> {
  while (pids.some(isAlive)) await delay(10);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A process that nobody has waited for yet is dead all the same.
  const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '';
  return !/\) Z /.test(state);
}
