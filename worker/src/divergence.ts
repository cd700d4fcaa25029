// Why a history doesn't replay: the event where the code does otherwise, what it does instead, and where that stands.
// Pure. Knows the words of the SDK's core for such failures, no worker and no server.

import proto from '@temporalio/proto';
import type { ReplayResult } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import type { History } from './history.js';
import { messageOf } from './problem.js';
import type { Command, Trace } from './trace.js';
import type { VersionCode } from './version-code.js';

/** A history that doesn't replay. */
export interface Divergence {
  /** Number of the event from which on the code does otherwise, and its type; absent when nothing was replayed at all. */
  readonly eventId?: number;
  readonly eventType?: string;
  /** The node whose code does it, when the source map names one. */
  readonly node?: string;
  /** All of this and the SDK's own words, on one line. */
  readonly error: string;
}

type Event = NonNullable<History['events']['events']>[number];

/** What becomes of the commands that slot-trace.cts tells: the attributes of the event, with the field of what is called. */
const EVENTS: Readonly<Record<string, { attributes: keyof Event; name?: string; does: string }>> = {
  scheduleActivity: { attributes: 'activityTaskScheduledEventAttributes', name: 'activityType', does: 'schedules the activity' },
  startTimer: { attributes: 'timerStartedEventAttributes', does: 'starts a timer' },
  startChildWorkflowExecution: { attributes: 'startChildWorkflowExecutionInitiatedEventAttributes', name: 'workflowType', does: 'starts the child workflow' },
  signalExternalWorkflowExecution: { attributes: 'signalExternalWorkflowExecutionInitiatedEventAttributes', name: 'signalName', does: 'sends the signal' },
  continueAsNewWorkflowExecution: { attributes: 'workflowExecutionContinuedAsNewEventAttributes', name: 'workflowType', does: 'continues as a new run of' },
  completeWorkflowExecution: { attributes: 'workflowExecutionCompletedEventAttributes', does: 'completes' },
  failWorkflowExecution: { attributes: 'workflowExecutionFailedEventAttributes', does: 'fails' },
  cancelWorkflowExecution: { attributes: 'workflowExecutionCanceledEventAttributes', does: 'ends as cancelled' },
};

/** Explains a replay's error. */
export function divergence(error: NonNullable<ReplayResult['error']>, history: History, trace: Trace, code: VersionCode): Divergence {
  const events = history.events.events ?? [];
  const words = coreWords(error);
  if (!(error instanceof DeterminismViolationError)) {
    // Workflow code threw in the task that knew of so many events.
    const place = placeOf(stackIn(error), code);
    return describe(events, trace.historyLength, place.node, `the code throws${place.text}`, words);
  }
  const other = firstDifference(events, trace.commands);
  const told = /HistoryEvent(?:\(id: | \{ event_id: )(\d+)/.exec(words)?.[1];
  const eventId = told === undefined ? (other?.eventId ?? trace.historyLength) : Number(told);
  // The event that the core stumbled over may come after the one that is another: then that one says more.
  if (other === undefined || (other.eventId !== undefined && other.eventId > eventId)) return describe(events, eventId, undefined, undefined, words);
  if (other.command === undefined) return describe(events, other.eventId ?? eventId, undefined, 'the code does nothing', words);
  const place = placeOf(other.command.stack, code);
  const name = other.command.name === undefined ? '' : ` '${other.command.name}'`;
  return describe(events, other.eventId ?? eventId, place.node, `the code ${EVENTS[other.command.kind]?.does ?? other.command.kind}${name}${place.text}`, words);
}

function describe(events: readonly Event[], eventId: number, node: string | undefined, does: string | undefined, words: string): Divergence {
  const event = events.find((candidate) => Number(candidate.eventId) === eventId);
  if (event === undefined) return { error: does === undefined ? words : `${does}: ${words}` };
  const eventType = typeName(event);
  const at = `event ${eventId} (${eventType})`;
  return { eventId, eventType, ...(node === undefined ? {} : { node }), error: `${at}: ${does === undefined ? '' : `${does}: `}${words}` };
}

/** `ActivityTaskScheduled`, as Temporal's pages show it. */
function typeName({ eventType }: Event): string {
  const name = proto.temporal.api.enums.v1.EventType[eventType ?? 0] ?? String(eventType);
  return name.replace(/^EVENT_TYPE_/, '').toLowerCase().replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

interface Difference {
  /** The first event that is not what the code does; absent when the code does more than the history has. */
  readonly eventId?: number;
  /** What the code does in its place; absent when it does nothing. */
  readonly command?: Command;
}

/** Goes through what the history says was done and what the code does, side by side. */
function firstDifference(events: readonly Event[], commands: readonly Command[]): Difference | undefined {
  const done = events.flatMap((event) => {
    const found = Object.entries(EVENTS).find(([, { attributes }]) => event[attributes] != null);
    return found === undefined ? [] : [{ eventId: Number(event.eventId), kind: found[0], name: calledBy(event, found[1]) }];
  });
  for (let i = 0; i < Math.max(done.length, commands.length); i++) {
    const [was, is] = [done[i], commands[i]];
    if (was?.kind === is?.kind && was?.name === is?.name) continue;
    return { ...(was === undefined ? {} : { eventId: was.eventId }), ...(is === undefined ? {} : { command: is }) };
  }
  return undefined;
}

function calledBy(event: Event, { attributes, name }: { attributes: keyof Event; name?: string }): string | undefined {
  if (name === undefined) return undefined;
  const called = (event[attributes] as unknown as Record<string, unknown>)[name];
  return typeof called === 'string' ? called : (called as { name?: string } | null | undefined)?.name ?? undefined;
}

/** The innermost frame of a stack trace that is in generated code. */
function placeOf(stack: string | undefined, { sources, nodes }: VersionCode): { text: string; node?: string } {
  for (const line of (stack ?? '').split('\n')) {
    const [, name, named, bare] = /^\s*at (?:async )?(?:(.+) \((.+)\)|(.+))$/.exec(line) ?? [];
    const place = named ?? bare ?? '';
    if (!sources.has(place.replace(/:\d+:\d+$/, ''))) continue;
    if (name === undefined || !nodes.has(name)) return { text: ` at ${place}` };
    return { text: ` at node '${name}' (${place})`, node: name };
  }
  return { text: '' };
}

/** The failure that the core found, out of its dump of its own structures. */
function coreWords(error: Error): string {
  const message = messageOf(error);
  const inner = dumped(message, 'message');
  return inner === undefined ? message : messageOf(inner);
}

function stackIn(error: Error): string | undefined {
  return dumped(error.message, 'stack_trace');
}

function dumped(message: string, field: string): string | undefined {
  const inner = new RegExp(`\\b${field}: "((?:[^"\\\\]|\\\\.)*)"`).exec(message)?.[1];
  return inner?.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}
