// Decides which packages of the example workspace a working copy gets.
// Depends on the workspace audit; it must not copy anything.

import { join } from 'node:path';
import { readTextIfPresent } from './files';
import type { PackageEntry } from './types';
import { findPackages } from './workspace-audit';
import { shortNameOf, workspaceLayout } from './workspace-paths';

/** Which packages are wanted; names with or without scope. */
export interface PackageSelection {
  /** Only these and what they depend on; an empty list selects none. All but the optional ones if not given. */
  only?: string[];
  /** Optional packages to add. */
  with?: string[];
}

/** Which packages were selected. */
export interface SelectedPackages {
  /** npm names, sorted. */
  names: string[];
  /** The folders and plans of the other packages, relative to the workspace. */
  excludedPaths: string[];
}

/** Applies a selection to a workspace. Throws an error that lists the packages when a name is not among them. */
export async function selectPackages(workspaceRoot: string, selection: PackageSelection): Promise<SelectedPackages> {
  const all = await findPackages(workspaceRoot);
  const optional = await optionalPackages(workspaceRoot);
  const standard = all.filter((entry) => !optional.includes(entry.packageName));
  const roots = selection.only === undefined ? standard : selection.only.map((name) => findByName(all, name));
  const selected = new Set<string>();
  const added = (selection.with ?? []).map((name) => findByName(all, name));
  for (const entry of [...roots, ...added]) addWithDependencies(entry, all, selected);
  return {
    names: all.map((entry) => entry.packageName).filter((name) => selected.has(name)),
    excludedPaths: all.filter((entry) => !selected.has(entry.packageName)).flatMap(pathsOf),
  };
}

/** The packages that a working copy gets only when they are named. */
async function optionalPackages(workspaceRoot: string): Promise<string[]> {
  const text = await readTextIfPresent(join(workspaceRoot, 'optional-packages.json'));
  return text === undefined ? [] : (JSON.parse(text) as string[]);
}

/** The package with this name, with or without its scope. Throws an error that lists all when there is none. */
export function findByName(all: PackageEntry[], name: string): PackageEntry {
  const entry = all.find(({ packageName }) => packageName === name || shortNameOf(packageName) === name);
  if (entry !== undefined) return entry;
  const names = all.map(({ packageName }) => shortNameOf(packageName)).join(', ');
  throw new Error(`the workspace has no package "${name}"; it has ${names}`);
}

function addWithDependencies(entry: PackageEntry, all: PackageEntry[], selected: Set<string>): void {
  if (selected.has(entry.packageName)) return;
  selected.add(entry.packageName);
  for (const name of entry.dependencies) addWithDependencies(findByName(all, name), all, selected);
}

function pathsOf({ packageName, category }: PackageEntry): string[] {
  const shortName = shortNameOf(packageName);
  return [
    join(workspaceLayout.packages, category, shortName),
    join(workspaceLayout.plans, category, `${shortName}.md`),
  ];
}
