// The data that the PackageBuilder workflows and their activities exchange: plain JSON, as in a workflow's history.
// Depends on nothing, so that workflow code may import it; it must not know how any activity does its work.

/** The kind of a package; also the name of its folder under `packages/` and `plans/packages/`. */
export type PackageCategory = 'core' | 'utility' | 'library' | 'service' | 'app';

/** How a build run behaves. */
export interface BuildConfig {
  /** How many packages are built at the same time; the workflow's default is 4. */
  maxConcurrentBuilds?: number;
  /** Plan only: nothing is published, committed or pushed. */
  dryRun?: boolean;
}

/** One package of the workspace, as the audit finds it. */
export interface PackageEntry {
  /** The npm name, with its scope: `@acme/result`. */
  packageName: string;
  category: PackageCategory;
  /** The npm names of those dependencies that are packages of the same workspace, sorted. */
  dependencies: string[];
}

/** All packages of a workspace, sorted by name; those that exist only as a plan are among them. */
export interface WorkspaceAudit {
  packages: PackageEntry[];
}

/** What one package build starts from. */
export interface PackageBuildInput {
  packageName: string;
  /** The package's folder, relative to the workspace: `packages/core/result`. */
  packagePath: string;
  /** The package's plan, relative to the workspace: `plans/packages/core/result.md`. */
  planPath: string;
  category: PackageCategory;
  dependencies: string[];
  /** Absolute path of the workspace. */
  workspaceRoot: string;
  config: BuildConfig;
}

/** The part of a package build that failed. */
export type BuildPhase = 'preflight' | 'scaffold' | 'build' | 'test' | 'quality' | 'publish';

/** One finished phase of a package build. */
export interface PhaseRecord {
  name: string;
  success: boolean;
  durationMs: number;
}

/** One attempt of the coordinator at a problem. */
export interface FixAttempt {
  phase: string;
  /** Counted from 1. */
  attempt: number;
  /** The coordinator's decision: `RETRY`, `ESCALATE` or `FAIL`. */
  decision: string;
  reasoning: string;
}

/** What happened to one package; written to the workspace's `reports/` folder. */
export interface PackageBuildReport {
  packageName: string;
  status: 'running' | 'succeeded' | 'failed' | 'skipped';
  /** ISO 8601. */
  startTime: string;
  /** ISO 8601; absent while the build runs. */
  endTime?: string;
  /** Milliseconds from start to end. */
  duration?: number;
  phases: PhaseRecord[];
  fixAttempts: FixAttempt[];
  /** The version that was published, or found published. */
  version?: string;
  error?: string;
}

/** What a package build returns. */
export interface PackageBuildResult {
  success: boolean;
  packageName: string;
  failedPhase?: BuildPhase;
  error?: string;
  fixAttempts?: number;
  report: PackageBuildReport;
}

/** What can be handed to an agent. */
export type ProblemType = 'SCAFFOLD' | 'BUILD_FAILURE' | 'TEST_FAILURE' | 'QUALITY_FAILURE' | 'PUBLISH_FAILURE';

/** What went wrong, as the failed process told it. */
export interface ProblemError {
  message: string;
  stderr?: string;
  stdout?: string;
}

/** Where it went wrong. */
export interface ProblemContext {
  packageName: string;
  packagePath: string;
  planPath: string;
  phase: string;
  /** Counted from 1. */
  attemptNumber: number;
}

/** A failure of one package, described for an agent. */
export interface Problem {
  type: ProblemType;
  error: ProblemError;
  context: ProblemContext;
}

/** A program that can fix problems of some types. */
export interface Agent {
  name: string;
  handles: ProblemType[];
}

/** The agents of a workspace, in the order in which they are asked. */
export interface AgentRegistry {
  agents: Agent[];
}

/** Why a human has to decide. */
export interface Escalation {
  reason: string;
}

/** What an agent achieved. */
export interface FixResult {
  /** Whether the agent changed something that should make the problem go away. */
  fixed: boolean;
  /** One sentence for the report. */
  summary: string;
  /** Paths relative to the workspace. */
  filesChanged: string[];
  /** Present when no agent may decide this; `fixed` is then false. */
  escalate?: Escalation;
}

/** What the coordinator starts from. */
export interface CoordinatorInput {
  problem: Problem;
  agentRegistry: AgentRegistry;
  maxAttempts: number;
  workspaceRoot: string;
}

/** What the coordinator decided. */
export interface CoordinatorAction {
  decision: 'RETRY' | 'ESCALATE' | 'FAIL';
  reasoning: string;
  /** Present when the decision is `ESCALATE`. */
  escalation?: Escalation;
}

/** A package's status in the MCP store. */
export type PackageStatus =
  | 'requested'
  | 'building'
  | 'published'
  | 'current'
  | 'private'
  | 'failed'
  | 'escalated'
  | 'blocked';

/** A package that could not be built, and why. */
export interface FailedPackage {
  name: string;
  error: string;
}

/** What a whole build run ended with. */
export interface BuildSummary {
  buildId: string;
  workspaceRoot?: string;
  /** ISO 8601. */
  startTime?: string;
  /** ISO 8601. */
  endTime?: string;
  /** How many builds were allowed at the same time. */
  maxConcurrentBuilds?: number;
  /** npm names, in the order in which they ended. */
  completed: string[];
  failed: FailedPackage[];
  /** npm names of the packages that never started because a dependency failed. */
  blocked: string[];
}

/** Names the workspace. */
export interface WorkspaceLocation {
  /** Absolute path. */
  workspaceRoot: string;
}

/** Names a package's folder in a workspace. */
export interface PackageLocation extends WorkspaceLocation {
  /** Relative to the workspace: `packages/core/result`. */
  packagePath: string;
}

/** Names a package's plan in a workspace. */
export interface PlanLocation extends WorkspaceLocation {
  /** Relative to the workspace: `plans/packages/core/result.md`. */
  planPath: string;
}

/** Names a package's folder and its plan. */
export interface PlannedPackageLocation extends PackageLocation {
  planPath: string;
}

/** Names a package by its npm name. */
export interface PublishedPackageQuery extends WorkspaceLocation {
  packageName: string;
}

/** What to commit. */
export interface CommitRequest extends PackageLocation {
  message: string;
}

/** Which dependencies have to be published. */
export interface DependencyQuery extends PackageLocation {
  dependencies: string[];
}

/** What an agent is asked to do. */
export interface FixRequest extends WorkspaceLocation {
  agent: Agent;
  problem: Problem;
}

/** Whether a package is in the workspace's registry. */
export interface NpmStatus {
  published: boolean;
  /** The highest published version; absent when there is none. */
  version?: string;
}

/** What a package's source is like, measured against its plan. */
export interface PackageStateAudit {
  status: 'complete' | 'incomplete' | 'private';
  /** What is left to do, one step a line; empty when complete. */
  nextSteps: string[];
}

/** What separates the published version from the one that the plan asks for. */
export interface PackageUpgradeAudit {
  status: 'current' | 'outdated';
  targetVersion: string;
  /** The plan's changes that are not published yet; empty when current. */
  changes: string[];
}

/** How a child process ended. */
export interface ProcessResult {
  success: boolean;
  /** At most 16 KiB; the middle is left out of longer output. */
  stdout: string;
  /** At most 16 KiB; the middle is left out of longer output. */
  stderr: string;
  durationMs: number;
}

/** How publishing ended. */
export interface PublishResult extends ProcessResult {
  version: string;
}

/** How a commit ended. */
export interface CommitResult {
  /** Whether this call made a commit; false when nothing had changed. */
  committed: boolean;
  /** The last commit that touched the package's folder. */
  commit?: string;
}

/** How a push ended. */
export interface PushResult {
  /** Whether the remote now holds the workspace's branch. */
  pushed: boolean;
}

/** Whether a package's dependencies can be installed. */
export interface DependencyCheck {
  ok: boolean;
  /** The npm names that the registry cannot serve in the wanted range. */
  missing: string[];
}
