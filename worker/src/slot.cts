// Runs inside the workflow sandbox, bundled once per SDK version: the slot that a version's generated code fills.
// May use `@temporalio/workflow` only. Knows no Node, no files; the version comes from the text before the bundle.

import workflow = require('@temporalio/workflow');
import sandboxConsole = require('./sandbox-console.cjs');

/** What the text before the bundle declares (see version-code.ts): frozen, and not on `globalThis`. */
declare const __warpline_version: {
  readonly deploymentName: string;
  readonly buildId: string;
  readonly workflows: readonly string[];
  readonly define: (require: (name: string) => unknown, exports: Record<string, unknown>) => void;
};

const { deploymentName, buildId, workflows, define } = __warpline_version;
const here = `build '${buildId}' of deployment '${deploymentName}'`;

function requireInVersion(name: string): unknown {
  if (name === '@temporalio/workflow') return workflow;
  throw new Error(`workflow code of ${here} requires '${name}': workflow code can require only '@temporalio/workflow'`);
}

/** Evaluates the version's code and returns its workflow functions by type; throws when a listed one is not there. */
function defineWorkflows(): Record<string, unknown> {
  const exported: Record<string, unknown> = Object.create(null);
  define(requireInVersion, exported);
  const functions: Record<string, unknown> = Object.create(null);
  for (const type of workflows) {
    const value = exported[type];
    if (typeof value !== 'function') {
      throw new TypeError(`workflow code of ${here} must export a function '${type}', as version.json lists it, but exports ${value === undefined ? 'nothing of that name' : typeof value}`);
    }
    functions[type] = value;
  }
  return functions;
}

sandboxConsole.install();

// The SDK looks a workflow up as `module[type]`, then `module.default`.
export = new Proxy(defineWorkflows(), {
  get(functions, type) {
    const found = Reflect.get(functions, type);
    if (found !== undefined || typeof type !== 'string' || type === 'default') return found;
    throw new TypeError(`workflow type '${type}' is not in ${here}; it has: ${workflows.join(', ')}`);
  },
});
