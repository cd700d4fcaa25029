// Runs a child process for the current activity: heartbeats while it runs, ends it on cancellation.
// Depends on Temporal's activity context and process-group.ts; it must not know what the process is for.

import { ApplicationFailure, Context } from '@temporalio/activity';
import { isSystemError } from './files';
import { runProcess, type ProcessOutcome, type ProcessRequest } from './process-group';
import type { ProcessResult } from './types';

/** A process as an activity describes it; the activity's own context provides the rest. */
export type ActivityProcess = Omit<ProcessRequest, 'signal' | 'onAlive'>;

/**
 * Runs a process to its end, whatever its exit code. On cancellation of the activity the process group is ended
 * first, then the activity's `CancelledFailure` is thrown. A program that is not installed is a non-retryable
 * `ProgramNotFound` failure.
 */
export async function runInActivity(request: ActivityProcess): Promise<ProcessOutcome> {
  const context = Context.current();
  let outcome: ProcessOutcome;
  try {
    outcome = await runProcess({
      ...request,
      signal: context.cancellationSignal,
      onAlive: (pid) => context.heartbeat({ pid }),
    });
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
    throw ApplicationFailure.nonRetryable(
      `the program "${request.command}" is not on the worker's PATH: install it beside Node`,
      'ProgramNotFound',
    );
  }
  if (context.cancellationSignal.aborted) await context.cancelled;
  return outcome;
}

/** A process's outcome as the activities return it. */
export function processResult(outcome: ProcessOutcome): ProcessResult {
  const ending = outcome.endedBySignal === undefined ? '' : `ended by ${outcome.endedBySignal}\n`;
  return {
    success: outcome.exitCode === 0,
    stdout: outcome.stdout,
    stderr: ending + outcome.stderr,
    durationMs: outcome.durationMs,
  };
}
