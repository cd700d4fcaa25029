// Finds the packages of a workspace: those that have a folder, and those that have only a plan.
// Depends on manifests and plans; it must not know builds, registries or the order of anything.

import { ApplicationFailure } from '@temporalio/activity';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isMissing } from './files';
import { packageCategories } from './package-category';
import { readManifest } from './package-manifest';
import { requirePlan } from './package-plan';
import { compareText, shortNameOf, workspaceLayout } from './workspace-paths';
import type { PackageCategory, PackageEntry } from './types';

interface FoundPackage {
  packageName: string;
  category: PackageCategory;
  dependencies: Record<string, string>;
}

/**
 * All packages of the workspace with their dependencies on each other, sorted by name.
 * Throws a non-retryable `InvalidWorkspace` failure when there are none, a folder is not named like its package,
 * or packages depend on each other in a circle.
 */
export async function findPackages(workspaceRoot: string): Promise<PackageEntry[]> {
  const found = new Map<string, FoundPackage>();
  for (const category of packageCategories) {
    for (const entry of await packageFolders(workspaceRoot, category)) found.set(entry.packageName, entry);
    for (const entry of await plannedPackages(workspaceRoot, category)) {
      if (!found.has(entry.packageName)) found.set(entry.packageName, entry);
    }
  }
  if (found.size === 0) {
    throw invalidWorkspace(workspaceRoot, `it has no packages under ${workspaceLayout.packages}/<category>/`);
  }
  const packages = [...found.values()]
    .map(({ packageName, category, dependencies }) => ({
      packageName,
      category,
      dependencies: Object.keys(dependencies).filter((name) => found.has(name)).sort(),
    }))
    .sort((a, b) => compareText(a.packageName, b.packageName));
  refuseCircles(workspaceRoot, packages);
  return packages;
}

async function packageFolders(workspaceRoot: string, category: PackageCategory): Promise<FoundPackage[]> {
  const parent = join(workspaceRoot, workspaceLayout.packages, category);
  const found: FoundPackage[] = [];
  for (const name of await namesIn(parent)) {
    const manifest = await readManifest(join(parent, name));
    if (manifest === undefined) continue;
    requireSameName(workspaceRoot, manifest.name, name, `${workspaceLayout.packages}/${category}/${name}`);
    found.push({ packageName: manifest.name, category, dependencies: manifest.dependencies });
  }
  return found;
}

async function plannedPackages(workspaceRoot: string, category: PackageCategory): Promise<FoundPackage[]> {
  const parent = join(workspaceRoot, workspaceLayout.plans, category);
  const found: FoundPackage[] = [];
  for (const name of (await namesIn(parent)).filter((file) => file.endsWith('.md'))) {
    const plan = await requirePlan(join(parent, name));
    const path = `${workspaceLayout.plans}/${category}/${name}`;
    requireSameName(workspaceRoot, plan.packageName, basename(name, '.md'), path);
    found.push({ packageName: plan.packageName, category, dependencies: plan.dependencies });
  }
  return found;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith('.'));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The workflows derive a package's paths from its name, so the two have to agree. */
function requireSameName(workspaceRoot: string, packageName: string, fileName: string, path: string): void {
  if (shortNameOf(packageName) !== fileName) {
    throw invalidWorkspace(workspaceRoot, `${path} belongs to ${packageName}: name it ${shortNameOf(packageName)}`);
  }
}

function refuseCircles(workspaceRoot: string, packages: PackageEntry[]): void {
  const dependencies = new Map(packages.map((entry) => [entry.packageName, entry.dependencies]));
  const settled = new Set<string>();
  const visit = (name: string, path: string[]): void => {
    if (settled.has(name)) return;
    const start = path.indexOf(name);
    if (start >= 0) {
      const circle = [...path.slice(start), name].join(' -> ');
      throw invalidWorkspace(workspaceRoot, `packages depend on each other in a circle: ${circle}`);
    }
    for (const dependency of dependencies.get(name) ?? []) visit(dependency, [...path, name]);
    settled.add(name);
  };
  for (const entry of packages) visit(entry.packageName, []);
}

function invalidWorkspace(workspaceRoot: string, problem: string): ApplicationFailure {
  const message = `the workspace ${workspaceRoot} cannot be built: ${problem}`;
  return ApplicationFailure.nonRetryable(message, 'InvalidWorkspace');
}
