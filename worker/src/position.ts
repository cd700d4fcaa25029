// What is kept of an execution inside the workflow sandbox, and what it is asked for. Types only.

/** The drawing that a version was made from (src/compile/inside.rs). */
export interface Drawing {
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly unknown[];
  readonly redact?: readonly (readonly string[])[];
}

/** A node of it. */
export interface DrawnNode {
  readonly id: string;
  readonly type: string;
  readonly label?: string;
  readonly parent?: string;
  readonly about?: string;
  readonly starts?: boolean;
}

/** Something that was begun and is not over. Times are in milliseconds. */
export type Wait =
  | { readonly for: 'activity'; readonly name: string; readonly id: string; readonly since: number }
  | { readonly for: 'timer'; readonly since: number; readonly until: number }
  | { readonly for: 'child'; readonly workflowType: string; readonly workflowId: string; runId?: string; readonly since: number }
  | { readonly for: 'delivery'; readonly signal: string; readonly workflowId: string; readonly since: number };

/** What is kept of a node, however often it runs. */
export interface Place {
  /** How often it began. */
  count: number;
  /** How many of these are not over. */
  open: number;
  /** How many ended in an error. */
  failures: number;
  /** Rounds since it began last. */
  rounds: number;
  started: number;
  ended?: number;
  /** Whether it ended in an error the last time. */
  failing: boolean;
  /** Whether it handles an error of what is in it. */
  caught: boolean;
  /** What it waits for beside what it began, as a word of the generated code. */
  awaits: string | undefined;
  readonly waits: Set<Wait>;
  /** Activities, children and signals to others that ended well, and those that didn't. */
  succeeded: number;
  unsuccessful: number;
}

/** How and when an execution ended. */
export interface Ending {
  readonly status: 'completed' | 'failed' | 'cancelled' | 'continuedAsNew';
  readonly at: number;
}

/** What an answer is made of. */
export interface Kept {
  readonly info: { readonly workflowType: string; readonly workflowId: string; readonly runId: string; readonly continuedFromExecutionRunId?: string };
  readonly drawing: Drawing;
  /** By the position of the node in the drawing, in the order in which they began first. */
  readonly places: ReadonlyMap<number, Place>;
  readonly cleanup: Place | undefined;
  readonly signals: ReadonlyMap<string, { readonly count: number; readonly last: number }>;
  readonly started: number;
  readonly now: number;
  readonly ending?: Ending;
}
