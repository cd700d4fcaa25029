// One version being served: its SDK worker, from creation through polling to its end.
// May talk to the Temporal server through the SDK. Knows no other versions and no process life.

import { setTimeout as delay } from 'node:timers/promises';
import proto from '@temporalio/proto';
import { Worker, type Logger, type NativeConnection } from '@temporalio/worker';
import { DEFAULT_LIMIT } from './activity-result.js';
import { InFlight } from './in-flight.js';
import type { VersionSample } from './metrics.js';
import type { PreparedVersion } from './prepare.js';
import { messageOf } from './problem.js';
import { build } from './version.js';
import { Upgrades } from './upgrades.js';

/** How the workers of a process run, the same for each version. */
export interface WorkerSettings {
  readonly namespace: string;
  readonly shutdownGraceMs: number;
  readonly maxConcurrentActivities?: number;
  readonly identity?: string;
}

/** Pauses between looks at the pollers, and then at the server, while a version starts: the first, and the longest. */
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Longest pause between heartbeats of an activity that are sent to the server, however often the activity makes them. The answer
 * says whether the activity is cancelled: so this is how late it hears of that.
 */
const HEARTBEAT_MS = 5_000;

/** Pause between looks for a worker that has failed. */
const FAILURE_CHECK_MS = 1_000;

const { TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY } = proto.temporal.api.enums.v1.TaskQueueType;

/** A worker of one version. */
export class ServedVersion {
  /** Ends when the worker has stopped; rejects when it failed. */
  readonly ended: Promise<void>;
  readonly #prepared: PreparedVersion;
  readonly #worker: Worker;
  readonly #inFlight: InFlight;
  readonly #upgrades: Upgrades;
  #connection: NativeConnection;
  #ready = false;
  #obstacle: string | undefined;

  private constructor(prepared: PreparedVersion, worker: Worker, connection: NativeConnection, inFlight: InFlight, upgrades: Upgrades) {
    this.#prepared = prepared;
    this.#worker = worker;
    this.#connection = connection;
    this.#inFlight = inFlight;
    this.#upgrades = upgrades;
    this.ended = Promise.race([worker.run(), failure(worker)]).catch((cause: unknown) => {
      throw new Error(`the worker of build '${prepared.version.buildId}' failed; the log line 'Worker failed' has the reason`, { cause });
    });
    this.ended.catch(() => undefined); // Whoever awaits `ended` sees the failure; until then it is no unhandled rejection.
  }

  /** Creates the worker and starts polling; rejects when the server refuses the worker. */
  static async start(prepared: PreparedVersion, connection: NativeConnection, settings: WorkerSettings, logger: Logger): Promise<ServedVersion> {
    const { version, activities, workflowBundle } = prepared;
    const { deploymentName, buildId, taskQueue } = version;
    const inFlight = new InFlight(version, await blobLimit(connection, settings.namespace));
    const upgrades = new Upgrades(version, settings.namespace, connection, logger);
    const hasActivities = Object.keys(activities).length > 0;
    const worker = await Worker.create({
      connection,
      namespace: settings.namespace,
      taskQueue,
      activities: { ...activities, ...upgrades.activities },
      enableNonLocalActivities: hasActivities,
      sinks: upgrades.sinks,
      ...(workflowBundle === undefined ? {} : { workflowBundle }),
      ...(deploymentName === undefined ? {} : { workerDeploymentOptions: { useWorkerVersioning: true, version: { deploymentName, buildId }, defaultVersioningBehavior: 'PINNED' } }),
      interceptors: { activity: [inFlight.interceptors] },
      shutdownGraceTime: settings.shutdownGraceMs,
      maxHeartbeatThrottleInterval: HEARTBEAT_MS,
      defaultHeartbeatThrottleInterval: HEARTBEAT_MS,
      ...(settings.identity === undefined ? {} : { identity: settings.identity }),
      ...(settings.maxConcurrentActivities === undefined ? {} : { maxConcurrentActivityTaskExecutions: settings.maxConcurrentActivities }),
    });
    return new ServedVersion(prepared, worker, connection, inFlight, upgrades);
  }

  /**
   * True once every poller that the version needs has asked for a task and the server has registered the version on its
   * task queue; false when the worker ends before that.
   */
  async ready(): Promise<boolean> {
    for (let pause = FIRST_PAUSE_MS; this.#worker.getState() === 'RUNNING'; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
      if (this.#polls() && (await this.#isRegistered())) {
        this.#ready = true;
        return true;
      }
      await delay(pause);
    }
    return false;
  }

  #polls(): boolean {
    const { hasOutstandingWorkflowPoll, hasOutstandingActivityPoll } = this.#worker.getStatus();
    return (!this.#prepared.workflowBundle || hasOutstandingWorkflowPoll) && (!this.#hasActivities() || hasOutstandingActivityPoll);
  }

  async #isRegistered(): Promise<boolean> {
    const { deploymentName, buildId, taskQueue } = this.#prepared.version;
    if (deploymentName === undefined) return true; // Nothing is registered: whoever polls the queue serves it.
    const request = { namespace: this.#worker.options.namespace, deploymentVersion: { deploymentName, buildId } };
    try {
      const { versionTaskQueues } = await this.#connection.workflowService.describeWorkerDeploymentVersion(request);
      const types = (versionTaskQueues ?? []).filter(({ name }) => name === taskQueue).map(({ type }) => type);
      this.#obstacle = undefined;
      return (!this.#prepared.workflowBundle || types.includes(TASK_QUEUE_TYPE_WORKFLOW)) && (!this.#hasActivities() || types.includes(TASK_QUEUE_TYPE_ACTIVITY));
    } catch (thrown) {
      this.#obstacle = messageOf(thrown);
      return false;
    }
  }

  #hasActivities(): boolean {
    return Object.keys(this.#prepared.activities).length > 0;
  }

  /** Goes on with another connection to the same server. */
  use(connection: NativeConnection): void {
    this.#worker.connection = connection;
    this.#connection = connection;
    this.#upgrades.use(connection);
  }

  /** Stops polling; activities have the grace period to end, then they are cancelled. */
  stop(): void {
    if (this.#worker.getState() === 'RUNNING') this.#worker.shutdown();
  }

  /** Gives the activities that still run back to the server; see `InFlight.abandon`. */
  abandon(logger: Logger): Promise<void> {
    return this.#inFlight.abandon(this.#worker, logger);
  }

  /** What must still happen until the version is ready, in words; nothing when it is. */
  awaited(): string | undefined {
    if (this.sample().ready) return undefined;
    const { version } = this.#prepared;
    const obstacle = this.#obstacle === undefined ? '' : ` (${this.#obstacle})`;
    return `the server to register ${build(version)} on task queue '${version.taskQueue}'${obstacle}`;
  }

  /** What metrics tell of this version now. */
  sample(): VersionSample {
    const { deploymentName, buildId, taskQueue } = this.#prepared.version;
    return {
      ...(deploymentName === undefined ? {} : { deploymentName }),
      buildId,
      taskQueue,
      ready: this.#ready && this.#worker.getState() === 'RUNNING',
      activitiesInFlight: this.#inFlight.size,
    };
  }
}

/** The most bytes that the server takes of a result or a failure. What keeps it from saying so, the worker's creation meets, too. */
async function blobLimit(connection: NativeConnection, namespace: string): Promise<number> {
  const described = await connection.workflowService.describeNamespace({ namespace }).catch(() => undefined);
  const limit = Number(described?.namespaceInfo?.limits?.blobSizeLimitError ?? 0);
  return limit > 0 ? limit : DEFAULT_LIMIT;
}

/** Rejects when the worker has failed. Its own promise can stay open then: it waits for pollers that no longer end. */
async function failure(worker: Worker): Promise<void> {
  while (worker.getState() !== 'FAILED') {
    if (worker.getState() === 'STOPPED') return;
    await delay(FAILURE_CHECK_MS, undefined, { ref: false });
  }
  throw new Error('its state is FAILED');
}
