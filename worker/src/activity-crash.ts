// What an activity does to the process from outside of its call: it ends it, or throws where nobody catches. An activity that still runs fails
// by it, alone; the other activities of the process go on.
// Hooks into Node's process. Knows no versions and no workers.

import { asyncLocalStorage, type Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';

/** How each activity that runs is failed from outside. */
const running = new WeakMap<Context, (failure: unknown) => void>();

/** Runs an activity until it ends, or is failed from outside. */
export async function untilCrash<T>(context: Context, run: () => Promise<T>): Promise<T> {
  const crashed = new Promise<never>((_, reject) => running.set(context, reject));
  try {
    return await Promise.race([run(), crashed]);
  } finally {
    running.delete(context);
  }
}

/** Fails the activity whose callback threw; false where that belongs to none that runs. For a handler of `uncaughtException`. */
export function failByException(error: unknown): boolean {
  if (error instanceof ProcessExit) return true;
  const context = asyncLocalStorage.getStore();
  const fail = context && running.get(context);
  if (context === undefined || fail === undefined) return false;
  context.log.error('An exception was thrown in a callback of an activity, which fails by it; the worker goes on', { error });
  fail(error);
  return true;
}

/**
 * Takes `process.exit` and `process.abort` away from activities: whoever calls one fails, and the process lives. Returns the way to end the
 * process for everybody else.
 */
export function keepProcess(): (code: number) => never {
  const exit = process.exit.bind(process);
  const guarded = (name: string, otherwise: (code?: number | string | null) => never) => (code?: number | string | null) => {
    const context = asyncLocalStorage.getStore();
    if (context === undefined) return otherwise(code);
    const { activityType } = context.info;
    const said = `activity ${activityType} called process.${name}(${code ?? ''}), which would end every activity of its worker: let it throw an error instead`;
    context.log.error(said);
    const failure = new ProcessExit(said);
    running.get(context)?.(failure);
    throw failure;
  };
  process.exit = guarded('exit', exit);
  process.abort = guarded('abort', process.abort.bind(process));
  return exit;
}

/** What a call of `process.exit` throws: no retry betters it. */
class ProcessExit extends ApplicationFailure {
  constructor(message: string) {
    super(message, 'ProcessExit', true);
  }
}
