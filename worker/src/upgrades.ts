// Executions that go on on newer versions when they continue as new: where the next run can go on, and the way back when a version
// came in between that does not take their state. Asks and tells the Temporal server. Knows no workflow code.

import { activityInfo } from '@temporalio/activity';
import proto from '@temporalio/proto';
import type { InjectedSinks, Logger, NativeConnection } from '@temporalio/worker';
import type { Sinks, WorkflowInfo } from '@temporalio/workflow';
import { messageOf } from './problem.js';
import type { Version } from './version.js';

/**
 * Key of a version's metadata, which the operator writes: by workflow type, by the form of a state that runs of other versions carry, the
 * form as which this version takes it.
 */
const STATES = 'warpline.dev/states';

/** Who sets the version of an execution for the time being, and may take that back. The event of a reset says it in its reason only. */
const IDENTITY = 'warpline';

/** Longest that one question may take. */
const QUESTION_MS = 8_000;

/** How often generated code lets it be asked; a run that hears nothing stays on its version. */
const ATTEMPTS = 3;

const { EVENT_TYPE_WORKFLOW_TASK_STARTED, EVENT_TYPE_WORKFLOW_TASK_COMPLETED } = proto.temporal.api.enums.v1.EventType;
const { PINNED_OVERRIDE_BEHAVIOR_PINNED } = proto.temporal.api.workflow.v1.VersioningOverride.PinnedOverrideBehavior;

type Execution = { readonly workflowId: string; readonly runId: string };
type DeploymentVersion = { readonly deploymentName: string; readonly buildId: string };

/** What generated code calls when a run carries what its version does not take. */
export interface UpgradeSinks extends Sinks {
  warpline: { refused(forms: string[]): void };
}

/** What one version's worker does for executions that upgrade. */
export class Upgrades {
  readonly #version: Version;
  readonly #namespace: string;
  readonly #logger: Logger;
  readonly #goingBack = new Set<string>();
  #connection: NativeConnection;

  constructor(version: Version, namespace: string, connection: NativeConnection, logger: Logger) {
    this.#version = version;
    this.#namespace = namespace;
    this.#connection = connection;
    this.#logger = logger;
  }

  /** Local activities for the worker of this version. */
  readonly activities = { warplineForms: (form: string): Promise<string[] | null> => this.#forms(form) };

  /** Sinks for the worker of this version. */
  readonly sinks: InjectedSinks<UpgradeSinks> = {
    warpline: { refused: { fn: (info, forms) => this.#refused(info, forms), callDuringReplay: false } },
  };

  /** Goes on with another connection to the same server. */
  use(connection: NativeConnection): void {
    this.#connection = connection;
  }

  /**
   * The forms as which every version that the next run could begin on takes a state of `form`; nothing when the run has to stay on this
   * version, or when that can't be found out.
   */
  async #forms(form: string): Promise<string[] | null> {
    const { workflowType, workflowExecution, attempt } = activityInfo();
    if (workflowExecution === undefined) return null;
    try {
      return await this.#connection.withDeadline(Date.now() + QUESTION_MS, async () => {
        await this.#lift(workflowExecution);
        return this.#takenBy(await this.#targets(), workflowType ?? '', form);
      });
    } catch (thrown) {
      if (attempt < ATTEMPTS) throw thrown;
      this.#logger.warn('It could not be found out whether the current version takes the state: the run stays on its version', { ...workflowExecution, workflowType, error: messageOf(thrown) });
      return null;
    }
  }

  /** The build IDs that a new run could begin on, when it may choose. */
  async #targets(): Promise<string[]> {
    const { deploymentName = '' } = this.#version;
    const { workerDeploymentInfo } = await this.#service.describeWorkerDeployment({ namespace: this.#namespace, deploymentName });
    const { currentDeploymentVersion: current, rampingDeploymentVersion: ramping, rampingVersionPercentage } = workerDeploymentInfo?.routingConfig ?? {};
    return [current?.buildId ?? '', ...((rampingVersionPercentage ?? 0) > 0 ? [ramping?.buildId ?? ''] : [])];
  }

  async #takenBy(targets: readonly string[], workflowType: string, form: string): Promise<string[] | null> {
    if (targets.every((buildId) => buildId === this.#version.buildId)) return null;
    const forms = new Set<string>();
    for (const buildId of targets) {
      if (buildId === this.#version.buildId) continue;
      if (buildId === '') return null; // Workers without versions take new executions.
      const taken = (await this.#states(buildId))[workflowType]?.[form];
      if (taken === undefined) return null;
      forms.add(taken);
    }
    forms.delete(form);
    return [...forms];
  }

  /** What the operator says of a version. */
  async #states(buildId: string): Promise<Partial<Record<string, Partial<Record<string, string>>>>> {
    const { deploymentName = '' } = this.#version;
    const deploymentVersion = { deploymentName, buildId };
    const { workerDeploymentVersionInfo } = await this.#service.describeWorkerDeploymentVersion({ namespace: this.#namespace, deploymentVersion });
    const data = workerDeploymentVersionInfo?.metadata?.entries?.[STATES]?.data;
    return data ? JSON.parse(Buffer.from(data).toString('utf8')) : {};
  }

  /** Takes back what `warpline` set for the time being: this version serves the execution, so its own behavior keeps it here. */
  async #lift(execution: Execution): Promise<void> {
    const namespace = this.#namespace;
    const { workflowExecutionInfo } = await this.#service.describeWorkflowExecution({ namespace, execution });
    const pinned = workflowExecutionInfo?.versioningInfo?.versioningOverride?.pinned?.version;
    if (!pinned || pinned.buildId !== this.#version.buildId) return;
    const { history } = await this.#service.getWorkflowExecutionHistory({ namespace, execution });
    const isOurs = (history?.events ?? []).some(
      ({ workflowExecutionOptionsUpdatedEventAttributes: update, workflowTaskFailedEventAttributes: failed }) =>
        (update?.versioningOverride && update.identity === IDENTITY) || failed?.failure?.message?.startsWith(`${IDENTITY}: `),
    );
    if (isOurs) await this.#service.updateWorkflowExecutionOptions({ namespace, workflowExecution: execution, workflowExecutionOptions: {}, updateMask: { paths: ['versioning_override'] }, identity: IDENTITY });
  }

  /** Gives a run back to the version that it came from. Nothing of it was done here: its first task failed. */
  async #refused(info: WorkflowInfo, forms: readonly string[]): Promise<void> {
    const { workflowId, runId, workflowType, continuedFromExecutionRunId } = info;
    if (this.#goingBack.has(runId)) return;
    this.#goingBack.add(runId);
    const about = { workflowId, runId, workflowType, forms };
    try {
      const from = continuedFromExecutionRunId === undefined ? undefined : await this.#versionOf({ workflowId, runId: continuedFromExecutionRunId });
      const task = await this.#onlyTask({ workflowId, runId });
      if (from === undefined || from.buildId === this.#version.buildId || task === undefined) {
        this.#logger.error("This version does not take the execution's state, and it is not new here: move it back with 'warpline executions move'", about);
        return;
      }
      await this.#goBack({ workflowId, runId }, task, from);
      this.#logger.warn('This version does not take the state of the execution: it goes back to the version that it came from', { ...about, to: from.buildId });
    } catch (thrown) {
      this.#logger.error('An execution could not be given back to its version; it is tried again', { ...about, error: messageOf(thrown) });
    } finally {
      this.#goingBack.delete(runId);
    }
  }

  /** The version that a run is on, or was on at its end. */
  async #versionOf(execution: Execution): Promise<DeploymentVersion | undefined> {
    const { workflowExecutionInfo } = await this.#service.describeWorkflowExecution({ namespace: this.#namespace, execution });
    const info = workflowExecutionInfo?.versioningInfo;
    const version = info?.versioningOverride?.pinned?.version ?? info?.deploymentVersion;
    return version?.deploymentName && version.buildId ? { deploymentName: version.deploymentName, buildId: version.buildId } : undefined;
  }

  /** The event with which the first task began; nothing when a task has been completed. */
  async #onlyTask(execution: Execution): Promise<Long | undefined> {
    const { history } = await this.#service.getWorkflowExecutionHistory({ namespace: this.#namespace, execution });
    const events = history?.events ?? [];
    if (events.some(({ eventType }) => eventType === EVENT_TYPE_WORKFLOW_TASK_COMPLETED)) return undefined;
    return events.find(({ eventType }) => eventType === EVENT_TYPE_WORKFLOW_TASK_STARTED)?.eventId ?? undefined;
  }

  async #goBack(execution: Execution, workflowTaskFinishEventId: Long, version: DeploymentVersion): Promise<void> {
    const versioningOverride = { pinned: { behavior: PINNED_OVERRIDE_BEHAVIOR_PINNED, version } };
    await this.#service.resetWorkflowExecution({
      namespace: this.#namespace,
      workflowExecution: execution,
      reason: `${IDENTITY}: build ${this.#version.buildId} does not take the state of the execution`,
      workflowTaskFinishEventId,
      requestId: `warpline-${execution.runId}`,
      identity: IDENTITY,
      postResetOperations: [{ updateWorkflowOptions: { workflowExecutionOptions: { versioningOverride }, updateMask: { paths: ['versioning_override'] } } }],
    });
  }

  get #service(): NativeConnection['workflowService'] {
    return this.#connection.workflowService;
  }
}

type Long = NonNullable<proto.temporal.api.history.v1.IHistoryEvent['eventId']>;
