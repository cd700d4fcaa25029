// Runs inside the workflow sandbox: keeps where an execution is, from what its code tells, and answers the standard queries.
// May use `@temporalio/workflow` only. Nothing here gives a command, throws into workflow code or changes the order in which it runs:
// promises are handed on as they are, and looked at beside those who wait for them.

import type { WorkflowInterceptors } from '@temporalio/workflow';
import workflow = require('@temporalio/workflow');
import stackHelpers = require('@temporalio/workflow/lib/stack-helpers');
import type { Drawing, Ending, Place, Wait } from './position.js' with { 'resolution-mode': 'import' };
import position = require('./slot-position.cjs');
import state = require('./slot-state.cjs');

/** The index under which the cleanup, which is no node, is kept. */
const CLEANUP = -1;

/** Of one execution; generated code calls it `$`. Nodes are told by their position in the drawing. */
class Recorder {
  readonly #drawing: Drawing;
  readonly #places = new Map<number, Place>();
  readonly #signals = new Map<string, { count: number; last: number }>();
  /** For each node, the nodes in it, at any depth. */
  readonly #inside: readonly (readonly number[])[];
  #state: (() => unknown) | undefined;
  /** The node that gives the next command. */
  #current = CLEANUP;
  /** Whether the node that was done last is one that ends the workflow. */
  #exiting = false;
  #started = 0;
  #ending: Ending | undefined;

  constructor(drawing: Drawing) {
    this.#drawing = drawing;
    const index = new Map(drawing.nodes.map(({ id }, at) => [id, at]));
    const inside: number[][] = drawing.nodes.map(() => []);
    drawing.nodes.forEach((node, at) => {
      let parent = node.parent;
      while (parent !== undefined) {
        const container = index.get(parent);
        if (container === undefined) break;
        inside[container]?.push(at);
        parent = drawing.nodes[container]?.parent;
      }
    });
    this.#inside = inside;
  }

  /** A node begins. */
  readonly enter = (node: number): void => {
    const place = this.#place(node);
    place.count += 1;
    place.open += 1;
    place.rounds = 0;
    place.caught = false;
    place.awaits = undefined;
    place.started = Date.now();
    this.#current = node;
    this.#exiting = false;
  };

  /** A node is over. */
  readonly leave = (node: number): void => this.#over(node, false);

  /** A node has failed. */
  readonly failed = (node: number): void => this.#over(node, true);

  /** A node is done at once. */
  readonly visit = (node: number): void => {
    const place = this.#place(node);
    place.count += 1;
    place.failing = false;
    place.started = place.ended = Date.now();
    this.#exiting = this.#drawing.nodes[node]?.type === 'exit';
  };

  /** A node begins a round of what it repeats. */
  readonly round = (node: number): void => {
    const place = this.#place(node);
    place.rounds += 1;
    place.caught = false;
  };

  /** What is in a node failed, and the node handles it. What was begun there and is not over yet goes on. */
  readonly caught = (node: number): void => {
    this.#place(node).caught = true;
    for (const inner of this.#inside[node] ?? []) this.#interrupted(inner);
  };

  /** A node waits: for the command that it gives next, or for what the word says. */
  readonly at = (node: number, awaits?: string): void => {
    this.#current = node;
    this.#place(node).awaits = awaits;
  };

  /** A node is over when a promise is. */
  readonly of = <T,>(node: number, promise: Promise<T>): Promise<T> => {
    beside(promise, () => this.#over(node, false), () => this.#over(node, true));
    return promise;
  };

  /** The state is there from now on. */
  readonly state = (state: () => unknown): void => {
    this.#state = state;
  };

  /** The cleanup begins: what is open was cut off, unless a node ended the workflow from within it. */
  readonly cleanup = (): void => {
    if (!this.#exiting) this.#drawing.nodes.forEach((_, node) => this.#interrupted(node));
    this.enter(CLEANUP);
  };

  begin(): void {
    this.#started = Date.now();
    const handler = { state: () => this.#answerState(), position: () => this.#answerPosition(), definition: () => this.#answerDefinition() };
    const query = (name: keyof typeof handler, description: string) =>
      workflow.setHandler(workflow.defineQuery<unknown>(`warpline.${name}`), handler[name], { description });
    query('state', 'The current state, without what the Workflow redacts.');
    query('position', 'Which nodes are done, running and waiting, since when and for what.');
    query('definition', 'The nodes and edges that this version was made from.');
  }

  end(how: Ending['status']): void {
    if (this.#ending !== undefined) return;
    this.#ending = { status: how, at: Date.now() };
    const isBad = how === 'failed' || how === 'cancelled';
    for (const [node, place] of this.#places) {
      for (; place.open > 0; this.#over(node, (isBad && node !== CLEANUP) || place.caught));
    }
  }

  /** A command was given; what is called when it is over. */
  waits(wait: Wait): (ok: boolean) => void {
    const place = this.#place(this.#current);
    place.waits.add(wait);
    return (ok) => {
      if (place.waits.delete(wait) && wait.for !== 'timer') place[ok ? 'succeeded' : 'unsuccessful'] += 1;
    };
  }

  /** Whether the node that gave the last command only starts its child. */
  get onlyStarts(): boolean {
    return this.#drawing.nodes[this.#current]?.starts === true;
  }

  signalled(name: string): void {
    const signal = this.#signals.get(name) ?? { count: 0, last: 0 };
    signal.count += 1;
    signal.last = Date.now();
    this.#signals.set(name, signal);
    const node = this.#drawing.nodes.findIndex(({ type, about }) => (type === 'signal' || type === 'signal-handler') && about === name);
    if (node >= 0) this.visit(node);
  }

  #place(node: number): Place {
    let place = this.#places.get(node);
    if (place === undefined) {
      place = { count: 0, open: 0, failures: 0, rounds: 0, started: 0, failing: false, caught: false, awaits: undefined, waits: new Set(), succeeded: 0, unsuccessful: 0 };
      this.#places.set(node, place);
    }
    return place;
  }

  #over(node: number, failing: boolean): void {
    const place = this.#place(node);
    place.open = Math.max(0, place.open - 1);
    place.failures += failing ? 1 : 0;
    place.failing = failing;
    place.awaits = undefined;
    place.ended = Date.now();
    this.#exiting = false;
  }

  /** A node that is open, but waits for nothing that it began, has failed. */
  #interrupted(node: number): void {
    const place = this.#places.get(node);
    if (place === undefined || place.waits.size > 0) return;
    while (place.open > 0) this.#over(node, true);
  }

  #answerState(): unknown {
    return this.#state === undefined ? null : state.readable(this.#state(), this.#drawing.redact ?? []);
  }

  #answerPosition(): unknown {
    const info = workflow.workflowInfo();
    return position.answer({
      info,
      drawing: this.#drawing,
      places: this.#places,
      cleanup: this.#places.get(CLEANUP),
      signals: this.#signals,
      started: this.#started,
      now: Date.now(),
      ...(this.#ending === undefined ? {} : { ending: this.#ending }),
    });
  }

  #answerDefinition(): unknown {
    return { workflowType: workflow.workflowInfo().workflowType, nodes: this.#drawing.nodes, edges: this.#drawing.edges };
  }
}

/** Calls back when a promise is over, without standing between it and those who wait for it. */
function beside<T>(promise: Promise<T>, done: (value: T) => void, failed: (reason: unknown) => void): void {
  stackHelpers.untrackPromise(promise.then(done, failed));
}

/** There is one execution in each instance of this module. */
let recorder: Recorder | undefined;

/** Makes the recorder of the execution, for the workflow of `drawing`. */
function record(drawing: Drawing): Recorder {
  return (recorder = new Recorder(drawing));
}

/** Called by the SDK once per execution. */
const interceptors = (): WorkflowInterceptors => ({
  inbound: [
    {
      execute(input, next) {
        recorder?.begin();
        const running = next(input);
        if (recorder !== undefined) beside(running, () => recorder?.end('completed'), (thrown) => recorder?.end(endingOf(thrown)));
        return running;
      },
      handleSignal(input, next) {
        recorder?.signalled(input.signalName);
        return next(input);
      },
    },
  ],
  outbound: [
    {
      scheduleActivity(input, next) {
        const over = recorder?.waits({ for: 'activity', name: input.activityType, id: input.options.activityId ?? String(input.seq), since: Date.now() });
        return awaited(next(input), over);
      },
      startTimer(input, next) {
        const now = Date.now();
        return awaited(next(input), recorder?.waits({ for: 'timer', since: now, until: now + input.durationMs }));
      },
      startChildWorkflowExecution(input, next) {
        const wait: Wait = { for: 'child', workflowType: input.workflowType, workflowId: String(input.options.workflowId), since: Date.now() };
        const over = recorder?.waits(wait);
        const onlyStarts = recorder?.onlyStarts;
        const handle = next(input);
        if (over === undefined) return handle;
        const failed = () => over(false);
        beside(
          handle,
          ([started, completed]) => {
            beside(started, (runId) => (onlyStarts ? over(true) : (wait.runId = runId)), failed);
            beside(completed, () => over(true), failed);
          },
          failed,
        );
        return handle;
      },
      signalWorkflow(input, next) {
        const workflowId = input.target.type === 'child' ? input.target.childWorkflowId : input.target.workflowExecution.workflowId;
        return awaited(next(input), recorder?.waits({ for: 'delivery', signal: input.signalName, workflowId: String(workflowId), since: Date.now() }));
      },
    },
  ],
});

function awaited<T>(promise: Promise<T>, over: ((ok: boolean) => void) | undefined): Promise<T> {
  if (over !== undefined) beside(promise, () => over(true), () => over(false));
  return promise;
}

function endingOf(thrown: unknown): Ending['status'] {
  if (thrown instanceof workflow.ContinueAsNew) return 'continuedAsNew';
  return workflow.isCancellation(thrown) ? 'cancelled' : 'failed';
}

export = { interceptors, record };
