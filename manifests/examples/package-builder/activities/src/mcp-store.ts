// The MCP store, a folder of small files: status/<package>.json, requests/<request>.json, taken/<poll>/, rejected/.
// Depends on files.ts; it must not know workflows or activities.

import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, readTextIfPresent, writeFileAtomically } from './files';
import { isPackageCategory, packageCategories } from './package-category';
import { fileNameOf, shortNameOf, workspaceLayout } from './workspace-paths';
import type { BuildConfig, PackageBuildInput, PackageCategory, PackageStatus } from './types';

/** A package that somebody wants to be built. */
export interface PackageRequest {
  packageName: string;
  category: PackageCategory;
  /** npm names of the in-workspace dependencies. */
  dependencies: string[];
  config?: BuildConfig;
}

/** A package's status as the store keeps it. */
export interface StoredStatus {
  packageName: string;
  status: PackageStatus;
  /** ISO 8601. */
  updatedAt: string;
}

/** Replaces a package's status. */
export async function recordStatus(workspaceRoot: string, packageName: string, status: PackageStatus): Promise<void> {
  const stored: StoredStatus = { packageName, status, updatedAt: new Date().toISOString() };
  await writeFileAtomically(statusPath(workspaceRoot, packageName), `${JSON.stringify(stored, undefined, 2)}\n`);
}

/** A package's status; undefined when nobody has recorded one. */
export async function readStatus(workspaceRoot: string, packageName: string): Promise<StoredStatus | undefined> {
  const text = await readTextIfPresent(statusPath(workspaceRoot, packageName));
  return text === undefined ? undefined : (JSON.parse(text) as StoredStatus);
}

/** Puts requests into the store; they are given out in this order. */
export async function addRequests(workspaceRoot: string, requests: PackageRequest[]): Promise<void> {
  const time = String(Date.now()).padStart(15, '0');
  const batch = randomUUID();
  for (const [index, request] of requests.entries()) {
    const name = `${time}-${batch}-${String(index).padStart(6, '0')}.json`;
    await writeFileAtomically(join(folder(workspaceRoot, 'requests'), name), `${JSON.stringify(request)}\n`);
  }
}

/**
 * Takes every request that is in the store now, and those that the same poll took before. A request that cannot be
 * used is put aside in rejected/, with the reason in a file beside it.
 */
export async function takeRequests(workspaceRoot: string, pollId: string): Promise<PackageBuildInput[]> {
  const requests = folder(workspaceRoot, 'requests');
  const taken = join(folder(workspaceRoot, 'taken'), pollId.replaceAll(/[^A-Za-z0-9._-]/g, '_'));
  const waiting = await requestNames(requests);
  if (waiting.length > 0) await mkdir(taken, { recursive: true });
  for (const name of waiting) await moveIfPresent(join(requests, name), join(taken, name));
  const inputs: PackageBuildInput[] = [];
  for (const name of await requestNames(taken)) {
    const input = await readRequest(workspaceRoot, taken, name);
    if (input !== undefined) inputs.push(input);
  }
  return inputs;
}

async function readRequest(workspaceRoot: string, taken: string, name: string): Promise<PackageBuildInput | undefined> {
  const path = join(taken, name);
  try {
    return toBuildInput(workspaceRoot, JSON.parse((await readTextIfPresent(path)) ?? '') as Partial<PackageRequest>);
  } catch (error) {
    const rejected = folder(workspaceRoot, 'rejected');
    await writeFileAtomically(join(rejected, `${name}.reason.txt`), `${(error as Error).message}\n`);
    await moveIfPresent(path, join(rejected, name));
    return undefined;
  }
}

function toBuildInput(workspaceRoot: string, request: Partial<PackageRequest>): PackageBuildInput {
  const { packageName, category, dependencies = [], config = {} } = request;
  if (typeof packageName !== 'string') throw new Error('the request has no "packageName"');
  if (!isPackageCategory(category)) {
    throw new Error(`the request for ${packageName} needs a "category": one of ${packageCategories.join(', ')}`);
  }
  if (!Array.isArray(dependencies) || dependencies.some((name) => typeof name !== 'string')) {
    throw new Error(`the request for ${packageName} needs a list of npm names as "dependencies", or none`);
  }
  fileNameOf(packageName);
  const shortName = shortNameOf(packageName);
  return {
    packageName,
    packagePath: `${workspaceLayout.packages}/${category}/${shortName}`,
    planPath: `${workspaceLayout.plans}/${category}/${shortName}.md`,
    category,
    dependencies,
    workspaceRoot,
    config,
  };
}

async function requestNames(location: string): Promise<string[]> {
  try {
    return (await readdir(location)).filter((name) => name.endsWith('.json') && !name.startsWith('.')).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Of several that move the same file, one succeeds; for the others it is gone. */
async function moveIfPresent(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function statusPath(workspaceRoot: string, packageName: string): string {
  return join(folder(workspaceRoot, 'status'), `${fileNameOf(packageName)}.json`);
}

function folder(workspaceRoot: string, name: 'status' | 'requests' | 'taken' | 'rejected'): string {
  return join(workspaceRoot, workspaceLayout.mcp, name);
}
