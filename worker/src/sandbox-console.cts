// Runs inside the workflow sandbox: `console` of workflow code goes to the workflow's log, silent on replay, never to stdout.
// May use `@temporalio/workflow` only.

import workflow = require('@temporalio/workflow');

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return value.stack ?? String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

/** Replaces the sandbox's `console` for the execution that is being loaded. */
function install(): void {
  const { log } = workflow;
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (...values: unknown[]) => log[level](values.map(textOf).join(' '));
  const console = { debug: at('debug'), log: at('info'), info: at('info'), warn: at('warn'), error: at('error') };
  Object.defineProperty(globalThis, 'console', { value: console, writable: true, enumerable: false, configurable: true });
}

export = { install };
