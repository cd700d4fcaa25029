// Runs inside the workflow sandbox, in replay only: tells which commands the code gives, and from where, so that a divergence has a place.
// May use `@temporalio/workflow` only. Knows no histories.

import type { WorkflowInterceptors } from '@temporalio/workflow';
import workflow = require('@temporalio/workflow');
import type { Command, TraceSinks } from './trace.js' with { 'resolution-mode': 'import' };

declare const __warpline_version: { readonly trace: boolean };

type Fields = Readonly<Record<string, unknown>>;

/** Kinds of commands that become an event, with the field of what is called. */
const KINDS: Readonly<Record<string, string | undefined>> = {
  scheduleActivity: 'activityType',
  startTimer: undefined,
  startChildWorkflowExecution: 'workflowType',
  signalExternalWorkflowExecution: 'signalName',
  continueAsNewWorkflowExecution: 'workflowType',
  completeWorkflowExecution: undefined,
  failWorkflowExecution: undefined,
  cancelWorkflowExecution: undefined,
};

/** Kinds that take back a command of the same task, so that neither becomes an event. */
const REVOCATIONS: Readonly<Record<string, { kind: string; seq: string }>> = {
  requestCancelActivity: { kind: 'scheduleActivity', seq: 'seq' },
  cancelTimer: { kind: 'startTimer', seq: 'seq' },
  cancelChildWorkflowExecution: { kind: 'startChildWorkflowExecution', seq: 'childWorkflowSeq' },
  cancelSignalWorkflow: { kind: 'signalExternalWorkflowExecution', seq: 'seq' },
};

/** Called by the SDK once per execution. */
const interceptors = (): WorkflowInterceptors => {
  if (!__warpline_version.trace) return {};
  const { warplineTrace } = workflow.proxySinks<TraceSinks>();
  const stacks = new Map<string, string | undefined>();
  const at =
    (kind: string) =>
    <I extends { readonly seq: number }, R>(input: I, next: (input: I) => R): R => {
      stacks.set(`${kind}:${input.seq}`, new Error().stack);
      return next(input);
    };
  return {
    outbound: [
      {
        scheduleActivity: at('scheduleActivity'),
        startTimer: at('startTimer'),
        startChildWorkflowExecution: at('startChildWorkflowExecution'),
        signalWorkflow: at('signalExternalWorkflowExecution'),
      },
    ],
    internals: [
      {
        activate(input, next) {
          warplineTrace.task(workflow.workflowInfo().historyLength);
          next(input);
        },
        concludeActivation(input, next) {
          const output = next(input);
          warplineTrace.commands(commandsOf(output.commands as readonly unknown[] as readonly Fields[], stacks));
          return output;
        },
      },
    ],
  };
};

function commandsOf(given: readonly Fields[], stacks: ReadonlyMap<string, string | undefined>): Command[] {
  const revoked = new Set<string>();
  for (const command of given) {
    for (const [revocation, { kind, seq }] of Object.entries(REVOCATIONS)) {
      const fields = command[revocation] as Fields | null | undefined;
      if (fields != null) revoked.add(`${kind}:${String(fields[seq] ?? 0)}`);
    }
  }
  return given.flatMap((command): Command[] => {
    for (const [kind, nameField] of Object.entries(KINDS)) {
      const fields = command[kind] as Fields | null | undefined;
      if (fields == null) continue;
      const key = `${kind}:${String(fields['seq'] ?? 0)}`;
      if (fields['seq'] != null && revoked.has(key)) return [];
      const failure = fields['failure'] as Fields | null | undefined;
      const name = nameField === undefined ? undefined : String(fields[nameField]);
      return [{ kind, name, stack: stacks.get(key) ?? (failure?.['stackTrace'] as string | undefined) }];
    }
    return [];
  });
}

export = { interceptors };
