// The activities of the builds: they look at a workspace and its packages, run their scripts, publish and commit.
// Depends on the modules that do the work; only activities may be exported here, since a worker registers them all.

import { commitPath, pushBranch } from './source-control';
import { isFolder } from './files';
import { latestVersion } from './local-registry';
import { auditState, auditUpgrade } from './package-audit';
import { readManifest, requirePackageFolder } from './package-manifest';
import { readPlan } from './package-plan';
import { runPackageScript } from './package-scripts';
import { publish } from './publishing';
import { findPackages } from './workspace-audit';
import { insideWorkspace } from './workspace-paths';
import type {
  CommitRequest,
  CommitResult,
  NpmStatus,
  PackageLocation,
  PackageStateAudit,
  PackageUpgradeAudit,
  PlanLocation,
  PlannedPackageLocation,
  ProcessResult,
  PublishedPackageQuery,
  PublishResult,
  PushResult,
  WorkspaceAudit,
  WorkspaceLocation,
} from './types';

export type * from './types';

/**
 * Lists the packages of a workspace, with or without a folder yet, and their dependencies on each other.
 * Fails for good when the workspace has none, or when they depend on each other in a circle.
 */
export async function auditWorkspace(input: WorkspaceLocation): Promise<WorkspaceAudit> {
  return { packages: await findPackages(input.workspaceRoot) };
}

/** Looks a package up in the workspace's registry. */
export async function checkNpmPublished(input: PublishedPackageQuery): Promise<NpmStatus> {
  const version = await latestVersion(input.workspaceRoot, input.packageName);
  return version === undefined ? { published: false } : { published: true, version };
}

/** Whether there is a plan and it asks for a new version of a published package. */
export async function checkIfUpgradePlan(input: PlanLocation): Promise<boolean> {
  const plan = await readPlan(insideWorkspace(input.workspaceRoot, input.planPath));
  return plan?.kind === 'upgrade';
}

/** Whether the package has a folder with a package.json. */
export async function checkPackageExists(input: PackageLocation): Promise<boolean> {
  const folder = insideWorkspace(input.workspaceRoot, input.packagePath);
  return (await isFolder(folder)) && (await readManifest(folder)) !== undefined;
}

/** Measures a package's source against its plan. Fails for good when the package has no folder. */
export async function auditPackageState(input: PlannedPackageLocation): Promise<PackageStateAudit> {
  const folder = await requirePackageFolder(input);
  return auditState(folder, insideWorkspace(input.workspaceRoot, input.planPath));
}

/** Compares the published version with the planned one. Fails for good when there is no plan. */
export async function auditPackageUpgrade(input: PlannedPackageLocation): Promise<PackageUpgradeAudit> {
  return auditUpgrade(input.workspaceRoot, insideWorkspace(input.workspaceRoot, input.planPath));
}

/** Runs the package's `build` script. Heartbeats; ends the processes on cancellation. */
export async function runBuild(input: PackageLocation): Promise<ProcessResult> {
  return runPackageScript(input, 'build');
}

/** Runs the package's `test` script. Heartbeats; ends the processes on cancellation. */
export async function runTests(input: PackageLocation): Promise<ProcessResult> {
  return runPackageScript(input, 'test');
}

/** Runs the package's `quality` script. Heartbeats; ends the processes on cancellation. */
export async function runQualityChecks(input: PackageLocation): Promise<ProcessResult> {
  return runPackageScript(input, 'quality');
}

/**
 * Packs the package into the workspace's registry. Idempotent: the same version with the same content succeeds
 * again; other content under a published version is `success: false`.
 */
export async function publishPackage(input: PackageLocation): Promise<PublishResult> {
  return publish(input);
}

/**
 * Commits what changed in the package's folder, and fails for good when there is none. Idempotent; safe when several
 * packages are committed at once.
 */
export async function commitChanges(input: CommitRequest): Promise<CommitResult> {
  await requirePackageFolder(input);
  return commitPath(input.workspaceRoot, input.packagePath, input.message);
}

/** Pushes the workspace's branch to its remote. Idempotent. */
export async function pushChanges(input: WorkspaceLocation): Promise<PushResult> {
  return pushBranch(input.workspaceRoot);
}
