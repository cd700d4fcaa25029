// The program's log: one JSON object a line on stderr, from this program, the SDK, activities and workflows alike.
// May write to stderr. Knows no versions and no workers.

import { format } from 'node:util';
import { asyncLocalStorage } from '@temporalio/activity';
import { DefaultLogger, type LogEntry, type Logger, type LogLevel } from '@temporalio/worker';
import { messageOf, type Problem } from './problem.js';

/** Levels of `--log-level`, from the most to the least talkative. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

/** A logger whose lines are `{time, level, message, …attributes}`; lines below `level` are dropped. */
export function jsonLogger(level: (typeof LOG_LEVELS)[number]): Logger {
  return new DefaultLogger(level.toUpperCase() as LogLevel, (entry) => writeLine(lineOf(entry)));
}

/** Logs each problem on its own line as `{…, message, file, field}`. */
export function logProblems(logger: Logger, problems: readonly Problem[]): void {
  for (const { message, file, field } of problems) logger.error(message, { file, ...(field === undefined ? {} : { field }) });
}

/**
 * Sends what activities print with `console` or `process.stdout` to the log, so that stdout carries events only.
 * Returns the way to write to the real stdout.
 */
export function captureOutput(logger: Logger): (line: string) => void {
  const write = process.stdout.write.bind(process.stdout);
  // Whoever read the output may be gone; that is no reason to drop the activities that run.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (...values: unknown[]) => activityLog(logger)[level](format(...values));
  Object.assign(console, { debug: at('debug'), log: at('info'), info: at('info'), warn: at('warn'), error: at('error') });
  process.stdout.write = ((chunk: string | Uint8Array, encoding?: unknown, done?: unknown) => {
    const text = (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()).trimEnd();
    if (text !== '') activityLog(logger).info(text);
    const callback = typeof encoding === 'function' ? encoding : done;
    if (typeof callback === 'function') callback();
    return true;
  }) as typeof process.stdout.write;
  return (line) => void write(`${line}\n`);
}

/** Inside an activity its own logger, which knows workflow, run, activity and build; else the program's. */
function activityLog(logger: Logger): Logger {
  return asyncLocalStorage.getStore()?.log ?? logger;
}

function writeLine(line: Record<string, unknown>): void {
  let text: string;
  try {
    text = JSON.stringify(line, jsonSafe());
  } catch (thrown) {
    // A getter or toJSON of an attribute threw: the line still says what happened and where.
    text = JSON.stringify({ time: line['time'], level: line['level'], message: line['message'], attributes: `can't be written as JSON: ${messageOf(thrown)}` });
  }
  process.stderr.write(`${text}\n`);
}

function lineOf({ timestampNanos, level, message, meta }: LogEntry): Record<string, unknown> {
  // The SDK says `workflowRunId` in activities and `runId` in workflows: one name for both.
  const { taskToken: _, workflowRunId, ...attributes } = meta ?? {};
  const run = workflowRunId === undefined ? {} : { runId: workflowRunId as unknown };
  return { time: new Date(Number(timestampNanos / 1_000_000n)).toISOString(), level: level.toLowerCase(), message, ...attributes, ...run };
}

/** A `JSON.stringify` replacer for whatever a caller puts in a log line: errors, big integers, cycles. */
function jsonSafe(): (this: unknown, key: string, value: unknown) => unknown {
  const ancestors: unknown[] = [];
  return function (_key, value) {
    if (typeof value === 'bigint') return value.toString();
    if (typeof value === 'function' || typeof value === 'symbol') return String(value);
    if (typeof value !== 'object' || value === null) return value;
    while (ancestors.length > 0 && ancestors.at(-1) !== this) ancestors.pop();
    if (ancestors.includes(value)) return '[circular]';
    const plain = value instanceof Error ? errorFields(value) : value;
    ancestors.push(plain);
    return plain;
  };
}

function errorFields(error: Error): Record<string, unknown> {
  const { name, stack, cause } = error;
  return { type: name, message: messageOf(error), stack, ...(cause === undefined ? {} : { cause }) };
}
