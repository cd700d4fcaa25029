// Measures a package against its plan: is its source complete, is its published version the planned one.
// Depends on manifests, plans and the registry; it must not run anything.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, readTextIfPresent } from './files';
import { latestVersion } from './local-registry';
import { requireManifest, type PackageManifest } from './package-manifest';
import { readPlan, requirePlan, type PackagePlan } from './package-plan';
import { compareVersions } from './semantic-version';
import type { PackageStateAudit, PackageUpgradeAudit } from './types';

const SCRIPTS = ['build', 'test', 'quality'];

/** Compares the package in `folder` with the plan at `planPath`; both are absolute. A package may have no plan. */
export async function auditState(folder: string, planPath: string): Promise<PackageStateAudit> {
  const manifest = await requireManifest(folder);
  if (manifest.private) return { status: 'private', nextSteps: [] };
  const plan = await readPlan(planPath);
  const nextSteps = [
    ...missingScripts(manifest),
    ...(await missingFiles(folder)),
    ...(plan === undefined ? [] : await missingParts(folder, manifest, plan)),
  ];
  return { status: nextSteps.length === 0 ? 'complete' : 'incomplete', nextSteps };
}

/** Compares the published version of a package with the one that its plan asks for. */
export async function auditUpgrade(workspaceRoot: string, planPath: string): Promise<PackageUpgradeAudit> {
  const plan = await requirePlan(planPath);
  const published = await latestVersion(workspaceRoot, plan.packageName);
  const current = published !== undefined && compareVersions(published, plan.targetVersion) >= 0;
  return {
    status: current ? 'current' : 'outdated',
    targetVersion: plan.targetVersion,
    changes: current ? [] : plan.changes,
  };
}

function missingScripts(manifest: PackageManifest): string[] {
  return SCRIPTS.filter((script) => manifest.scripts[script] === undefined).map(
    (script) => `add the script "${script}" to package.json`,
  );
}

async function missingFiles(folder: string): Promise<string[]> {
  const steps: string[] = [];
  if ((await readTextIfPresent(join(folder, 'src', 'index.js'))) === undefined) steps.push('write src/index.js');
  if (!(await hasTests(folder))) steps.push('write tests under test/');
  if ((await readTextIfPresent(join(folder, 'README.md'))) === undefined) steps.push('write README.md');
  return steps;
}

async function hasTests(folder: string): Promise<boolean> {
  try {
    return (await readdir(join(folder, 'test'))).some((name) => name.endsWith('.test.js'));
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function missingParts(folder: string, manifest: PackageManifest, plan: PackagePlan): Promise<string[]> {
  const source = (await readTextIfPresent(join(folder, 'src', 'index.js'))) ?? '';
  const exported = /module\.exports\s*=\s*\{([^}]*)\}/.exec(source)?.[1] ?? '';
  const names = new Set(exported.match(/[A-Za-z_$][\w$]*/g) ?? []);
  return [
    ...plan.exports.filter((name) => !names.has(name)).map((name) => `export "${name}" from src/index.js`),
    ...Object.keys(plan.dependencies)
      .filter((name) => manifest.dependencies[name] === undefined)
      .map((name) => `add the dependency ${name} to package.json`),
  ];
}
