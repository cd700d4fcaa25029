// Plays the PackageBuilder workflows in plain code, to show that the activities and the workspace lead to the expected ends.
// Depends on the activities' public entry points; it stands for the workflows and must not look into the workspace itself.

import * as agent from '@warpline-examples/package-builder-activities/agent';
import * as registry from '@warpline-examples/package-builder-activities/agent-registry';
import * as build from '@warpline-examples/package-builder-activities/build';
import * as mcp from '@warpline-examples/package-builder-activities/mcp';
import * as report from '@warpline-examples/package-builder-activities/report';
import type {
  BuildPhase,
  BuildSummary,
  PackageBuildInput,
  PackageBuildReport,
  PackageEntry,
  PackageStatus,
  ProblemType,
  ProcessResult,
} from '@warpline-examples/package-builder-activities/types';
import { inActivity } from './workspace-copy';

const MAX_ATTEMPTS = 3;

/** What a reference build came to. */
export interface ReferenceBuild {
  summary: BuildSummary;
  /** Path of the written summary. */
  summaryPath: string;
  reports: Map<string, PackageBuildReport>;
  /** The highest number of builds that ran at once. */
  highestConcurrency: number;
  /** Names in the order in which they were started. */
  started: string[];
}

class PhaseFailure extends Error {
  constructor(readonly phase: BuildPhase, message: string, readonly status: PackageStatus) {
    super(message);
  }
}

/** Builds the whole workspace, `width` packages at once, each as soon as its dependencies are done. */
export async function referenceBuild(workspaceRoot: string, width: number): Promise<ReferenceBuild> {
  const { packages } = await inActivity(build.auditWorkspace, { workspaceRoot });
  const pending = new Map(packages.map((entry) => [entry.packageName, entry]));
  const active = new Map<string, Promise<PackageBuildReport>>();
  const reports = new Map<string, PackageBuildReport>();
  const completed: string[] = [];
  const started: string[] = [];
  let highestConcurrency = 0;
  for (;;) {
    const ready = [...pending.values()].filter((entry) => entry.dependencies.every((name) => completed.includes(name)));
    for (const entry of ready.slice(0, width - active.size)) {
      pending.delete(entry.packageName);
      started.push(entry.packageName);
      active.set(entry.packageName, buildPackage(inputFor(entry, workspaceRoot)));
    }
    if (active.size === 0) break;
    highestConcurrency = Math.max(highestConcurrency, active.size);
    const ended = await Promise.race(active.values());
    active.delete(ended.packageName);
    reports.set(ended.packageName, ended);
    if (ended.status !== 'failed') completed.push(ended.packageName);
  }
  const failed = [...reports.values()].filter(({ status }) => status === 'failed');
  const summary: BuildSummary = {
    buildId: 'reference',
    maxConcurrentBuilds: width,
    completed,
    failed: failed.map(({ packageName, error }) => ({ name: packageName, error: error ?? '' })),
    blocked: [...pending.keys()],
  };
  const summaryPath = await inActivity(report.writeBuildSummary, summary, workspaceRoot);
  return { summary, summaryPath, reports, highestConcurrency, started };
}

function inputFor(entry: PackageEntry, workspaceRoot: string): PackageBuildInput {
  const shortName = entry.packageName.split('/')[1];
  return {
    ...entry,
    packagePath: `packages/${entry.category}/${shortName}`,
    planPath: `plans/packages/${entry.category}/${shortName}.md`,
    workspaceRoot,
    config: {},
  };
}

async function buildPackage(input: PackageBuildInput): Promise<PackageBuildReport> {
  const result: PackageBuildReport = {
    packageName: input.packageName,
    status: 'running',
    startTime: new Date().toISOString(),
    phases: [],
    fixAttempts: [],
  };
  const setStatus = (status: PackageStatus): Promise<void> =>
    inActivity(mcp.updateMCPPackageStatus, input.packageName, status, input.workspaceRoot);
  try {
    const earlyExit = await preflight(input, result);
    if (earlyExit === undefined) await phases(input, result);
    result.status = earlyExit === undefined ? 'succeeded' : 'skipped';
    await setStatus(earlyExit ?? 'published');
  } catch (error) {
    if (!(error instanceof PhaseFailure)) throw error;
    result.status = 'failed';
    result.error = error.message;
    await setStatus(error.status);
  } finally {
    result.endTime = new Date().toISOString();
    await inActivity(report.writePackageBuildReport, result, input.workspaceRoot);
  }
  return result;
}

/** The status to end with when there is nothing to build. */
async function preflight(input: PackageBuildInput, result: PackageBuildReport): Promise<PackageStatus | undefined> {
  const npm = await inActivity(build.checkNpmPublished, input);
  if (npm.version !== undefined) {
    result.version = npm.version;
    if (!(await inActivity(build.checkIfUpgradePlan, input))) return 'published';
    const upgrade = await inActivity(build.auditPackageUpgrade, input);
    return upgrade.status === 'current' ? 'current' : undefined;
  }
  if (!(await inActivity(build.checkPackageExists, input))) {
    await coordinate(input, result, 'SCAFFOLD', 'scaffold', 1, { stdout: '', stderr: 'the package has no folder' });
  }
  const state = await inActivity(build.auditPackageState, input);
  return state.status === 'private' ? 'private' : undefined;
}

async function phases(input: PackageBuildInput, result: PackageBuildReport): Promise<void> {
  const check = await inActivity(agent.verifyDependencies, input);
  if (!check.ok) throw new PhaseFailure('preflight', `not published: ${check.missing.join(', ')}`, 'failed');
  await phase(input, result, 'build', 'BUILD_FAILURE', () => inActivity(build.runBuild, input));
  await phase(input, result, 'test', 'TEST_FAILURE', () => inActivity(build.runTests, input));
  await phase(input, result, 'quality', 'QUALITY_FAILURE', () => inActivity(build.runQualityChecks, input));
  await phase(input, result, 'publish', 'PUBLISH_FAILURE', async () => {
    const published = await inActivity(build.publishPackage, input);
    result.version = published.version;
    return published;
  });
  await inActivity(build.commitChanges, { ...input, message: `Build ${input.packageName} ${result.version}` });
  await inActivity(build.pushChanges, input);
}

async function phase(
  input: PackageBuildInput,
  result: PackageBuildReport,
  name: BuildPhase,
  type: ProblemType,
  run: () => Promise<ProcessResult>,
): Promise<void> {
  let outcome = await run();
  for (let attempt = 1; !outcome.success; attempt += 1) {
    if (attempt > MAX_ATTEMPTS) throw new PhaseFailure(name, `${name} failed after ${MAX_ATTEMPTS} attempts`, 'failed');
    await coordinate(input, result, type, name, attempt, outcome);
    outcome = await run();
  }
  result.phases.push({ name, success: true, durationMs: outcome.durationMs });
}

/** Returns when the problem is fixed. */
async function coordinate(
  input: PackageBuildInput,
  result: PackageBuildReport,
  type: ProblemType,
  phaseName: BuildPhase,
  attempt: number,
  outcome: { stdout: string; stderr: string },
): Promise<void> {
  const { agents } = await inActivity(registry.loadAgentRegistry, input.workspaceRoot);
  const { packageName, packagePath, planPath, workspaceRoot } = input;
  const context = { packageName, packagePath, planPath, phase: phaseName, attemptNumber: attempt };
  const problem = { type, error: { message: outcome.stderr || `${phaseName} failed`, ...outcome }, context };
  const note = (decision: string, reasoning: string): void => {
    result.fixAttempts.push({ phase: phaseName, attempt, decision, reasoning });
  };
  for (const candidate of agents.filter(({ handles }) => handles.includes(type))) {
    const fix = await inActivity(agent.spawnFixAgent, { agent: candidate, problem, workspaceRoot });
    if (fix.escalate !== undefined) {
      note('ESCALATE', fix.escalate.reason);
      throw new PhaseFailure(phaseName, `${phaseName} escalated: ${fix.escalate.reason}`, 'escalated');
    }
    if (fix.fixed) return note('RETRY', fix.summary);
  }
  note('FAIL', 'no agent knows a remedy');
  throw new PhaseFailure(phaseName, `${phaseName} failed after coordination: no agent knows a remedy`, 'failed');
}
