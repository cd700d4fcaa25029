// Runs inside the workflow sandbox, bundled once per SDK version: the slot that a version's generated code fills.
// May use `@temporalio/workflow` only. Knows no Node, no files; the version comes from the text before the bundle.

import workflow = require('@temporalio/workflow');
import sandboxConsole = require('./sandbox-console.cjs');
import inside = require('./slot-inside.cjs');

/** A file of generated code, as a function. */
type Define = (require: (name: string) => unknown, exports: Record<string, unknown>) => void;

/** What the text before the bundle declares (see version-code.ts): frozen, and not on `globalThis`. */
declare const __warpline_version: {
  readonly deploymentName: string;
  readonly buildId: string;
  /** By workflow type. */
  readonly workflows: Readonly<Record<string, Define>>;
};

const { deploymentName, buildId, workflows } = __warpline_version;
const here = `build '${buildId}' of deployment '${deploymentName}'`;

/** Evaluates the file of one workflow type and returns its function; throws when that is not there. */
function load(type: string, define: Define): unknown {
  const file = `${type}.js of ${here}`;
  const requireInFile = (name: string): unknown => {
    if (name === '@temporalio/workflow') return workflow;
    throw new Error(`${file} requires '${name}': workflow code can require only '@temporalio/workflow'`);
  };
  // What generated code tells of itself: of the drawing that it is made from, a recorder.
  requireInFile.inside = inside.record;
  const exported: Record<string, unknown> = Object.create(null);
  define(requireInFile, exported);
  const value = exported[type];
  if (typeof value === 'function') return value;
  throw new TypeError(`${file} must export a function '${type}', but exports ${value === undefined ? 'nothing of that name' : `a ${typeof value}`}`);
}

sandboxConsole.install();

// The SDK looks a workflow up as `module[type]`, then `module.default`: only the file of the type that runs is evaluated.
export = new Proxy(Object.create(null) as Record<string, unknown>, {
  get(loaded, type) {
    if (typeof type !== 'string') return undefined;
    const define = Object.hasOwn(workflows, type) ? workflows[type] : undefined;
    if (define !== undefined) return (loaded[type] ??= load(type, define));
    if (type === 'default') return undefined;
    throw new TypeError(`workflow type '${type}' is not in ${here}; it has: ${Object.keys(workflows).join(', ')}`);
  },
});
