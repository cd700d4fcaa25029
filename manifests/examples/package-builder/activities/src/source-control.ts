// Commits a package's folder and pushes the workspace, with git itself.
// Depends on activity-process.ts; it must not know why something is committed.

import { ApplicationFailure, Context } from '@temporalio/activity';
import { runInActivity } from './activity-process';
import type { ProcessOutcome } from './process-group';
import type { CommitResult, PushResult } from './types';

const LOCK_ATTEMPTS = 60;
const LOCK_PAUSE_MS = 50;

/** Commits everything that changed under `path`, which is relative to the workspace, and nothing else. */
export async function commitPath(workspaceRoot: string, path: string, message: string): Promise<CommitResult> {
  return inTurn(workspaceRoot, async () => {
    await git(workspaceRoot, ['add', '--all', '--', path]);
    const changes = await git(workspaceRoot, ['status', '--porcelain', '--', path]);
    const committed = changes.stdout.trim() !== '';
    if (committed) await git(workspaceRoot, ['commit', '--quiet', '--no-verify', '-m', message, '--', path]);
    const last = (await git(workspaceRoot, ['log', '-1', '--format=%H', '--', path])).stdout.trim();
    return last === '' ? { committed } : { committed, commit: last };
  });
}

/** Pushes the current branch to the workspace's remote. Nothing to push is a success. */
export async function pushBranch(workspaceRoot: string): Promise<PushResult> {
  return inTurn(workspaceRoot, async () => {
    await git(workspaceRoot, ['push', '--quiet', 'origin', 'HEAD']);
    return { pushed: true };
  });
}

const lastInLine = new Map<string, Promise<unknown>>();

/** Lets the activities of this worker use a workspace's git one after the other; they would fight for its index. */
async function inTurn<T>(workspaceRoot: string, action: () => Promise<T>): Promise<T> {
  const turn = (lastInLine.get(workspaceRoot) ?? Promise.resolve()).then(action, action);
  lastInLine.set(workspaceRoot, turn);
  try {
    return await turn;
  } finally {
    if (lastInLine.get(workspaceRoot) === turn) lastInLine.delete(workspaceRoot);
  }
}

/** Runs git; waits for its locks, which another worker may hold. Any other failure is thrown, and may be retried. */
async function git(workspaceRoot: string, args: string[]): Promise<ProcessOutcome> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await runInActivity({
      command: 'git',
      args,
      cwd: workspaceRoot,
      env: { GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
    });
    if (outcome.exitCode === 0) return outcome;
    const lock = /Unable to create '([^']+\.lock)': File exists|cannot lock ref/.exec(outcome.stderr);
    if (lock === null) throw gitFailure(workspaceRoot, args, outcome.stderr.trim());
    if (attempt === LOCK_ATTEMPTS) {
      const hint = `${outcome.stderr.trim()}\nIf no git process runs any more, remove the lock file.`;
      throw gitFailure(workspaceRoot, args, hint);
    }
    await Context.current().sleep(LOCK_PAUSE_MS);
  }
}

function gitFailure(workspaceRoot: string, args: string[], detail: string): ApplicationFailure {
  return ApplicationFailure.retryable(`git ${args[0]} failed in ${workspaceRoot}: ${detail}`, 'GitFailed');
}
