// Where things lie in a workspace, and the check that a path from a workflow stays inside it.
// Depends on node:path and Temporal's failure type; it must not read or write files.

import { ApplicationFailure } from '@temporalio/activity';
import { isAbsolute, relative, resolve, sep } from 'node:path';

/**
 * Resolves a path that a workflow gave, relative to the workspace.
 * Throws a non-retryable `InvalidPath` failure when the workspace is not absolute or the path leads out of it.
 */
export function insideWorkspace(workspaceRoot: string, path: string): string {
  if (!isAbsolute(workspaceRoot)) {
    throw ApplicationFailure.nonRetryable(
      `workspaceRoot "${workspaceRoot}" is not an absolute path: give the workspace's full path`,
      'InvalidPath',
    );
  }
  const full = resolve(workspaceRoot, path);
  const fromRoot = relative(workspaceRoot, full);
  if (fromRoot === '' || fromRoot === '..' || fromRoot.startsWith(`..${sep}`) || isAbsolute(fromRoot)) {
    throw ApplicationFailure.nonRetryable(
      `"${path}" does not lie inside the workspace ${workspaceRoot}: give a path in it, like packages/core/result`,
      'InvalidPath',
    );
  }
  return full;
}

/**
 * An npm name as one file name: `@acme/result` becomes `acme-result`, as `npm pack` does it.
 * Throws a non-retryable `InvalidPackageName` failure for anything that is not an npm name.
 */
export function fileNameOf(packageName: string): string {
  if (!/^(@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/.test(packageName)) {
    throw ApplicationFailure.nonRetryable(
      `"${packageName}" is not an npm package name: expected something like @acme/result`,
      'InvalidPackageName',
    );
  }
  return packageName.replace(/^@/, '').replace('/', '-');
}

/** The name without its scope: `@acme/result` becomes `result`; also the name of the package's folder. */
export function shortNameOf(packageName: string): string {
  return packageName.slice(packageName.indexOf('/') + 1);
}

/** The folders and files that the activities keep in a workspace. */
export const workspaceLayout = {
  packages: 'packages',
  plans: 'plans/packages',
  registry: 'registry',
  reports: 'reports',
  agents: 'agents.json',
  fixes: 'fixes',
  fixJournal: '.agents',
  mcp: '.mcp',
  npmCache: '.cache/npm',
  remote: 'remote.git',
} as const;

/** Orders texts by their code units, the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
