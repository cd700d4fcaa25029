// What an execution tells of itself while it is replayed: types that the sandbox (slot-trace.cts) and those who listen share.
// Types only.

import type { Sinks } from '@temporalio/workflow';

/** A command of workflow code, as far as histories are compared by it. */
export interface Command {
  /** The SDK's name of it, such as `scheduleActivity`. */
  readonly kind: string;
  /** What is called: the activity type, the workflow type, the signal. */
  readonly name?: string | undefined;
  /** Where the code gives it: a stack trace. */
  readonly stack?: string | undefined;
}

/** What was told in one replay. */
export interface Trace {
  readonly commands: Command[];
  /** Events that the last workflow task knew of. */
  historyLength: number;
}

/** The way out of the sandbox. */
export interface TraceSinks extends Sinks {
  readonly warplineTrace: {
    /** A workflow task begins; so many events are known to it. */
    task(historyLength: number): void;
    /** These commands were given, in order. */
    commands(commands: readonly Command[]): void;
  };
}
