// From version directories to what a worker needs of each: code, activities. All of it is checked before anything polls.
// Runs the top level of user modules. Knows no server.

import { readBaseBundle } from './base-bundle.js';
import { loadActivities, type ActivityFunction } from './activities.js';
import { BadInput, type Problem } from './problem.js';
import { readVersions, type Version } from './version.js';
import { versionCode } from './version-code.js';

/** A version that can be served. */
export interface PreparedVersion {
  readonly version: Version;
  /** Absent when the version has no workflows. */
  readonly workflowBundle?: { readonly code: string };
  readonly activities: Record<string, ActivityFunction>;
}

/** Prepares every version for serving; throws one `BadInput` with all that is wrong in any of them. */
export async function prepareVersions(bundleFile: string, dirs: readonly string[]): Promise<PreparedVersion[]> {
  const problems: Problem[] = [];
  const base = await collect(problems, readBaseBundle(bundleFile));
  const versions = (await collect(problems, readVersions(dirs))) ?? [];
  const prepared: PreparedVersion[] = [];
  for (const version of versions) {
    const activities = await collect(problems, loadActivities(version));
    const code = base && version.code.length > 0 ? await collect(problems, versionCode(base, version, { trace: false })) : undefined;
    if (activities) prepared.push({ version, activities, ...(code === undefined ? {} : { workflowBundle: { code: code.code } }) });
  }
  if (problems.length > 0) throw new BadInput(problems);
  return prepared;
}

async function collect<T>(problems: Problem[], work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (!(thrown instanceof BadInput)) throw thrown;
    problems.push(...thrown.problems);
    return undefined;
  }
}
