// The activities of one version that run now: the build in the log lines of each, and how each ends.
// Hooks into the SDK's activity interceptors. Knows no process life.

import type { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory, Logger, Worker } from '@temporalio/worker';
import { untilCrash } from './activity-crash.js';
import { activityFailure, activityResult } from './activity-result.js';
import { messageOf } from './problem.js';
import type { Version } from './version.js';

/** Activities that started and haven't ended, whatever the SDK thinks of them. */
export class InFlight {
  readonly #version: Version;
  readonly #limit: number;
  readonly #running = new Set<Context>();

  /** `limit` is the most bytes that the server takes of a result or a failure. */
  constructor(version: Version, limit: number) {
    this.#version = version;
    this.#limit = limit;
  }

  /** Number of activities that run now. */
  get size(): number {
    return this.#running.size;
  }

  /** Interceptors to give to the worker of this version. */
  readonly interceptors: ActivityInterceptorsFactory = (context) => ({
    inbound: {
      execute: async (input, next) => {
        this.#running.add(context);
        try {
          return activityResult(context.info.activityType, await untilCrash(context, () => next(input)), this.#limit);
        } catch (thrown) {
          throw activityFailure(thrown, this.#limit);
        } finally {
          this.#running.delete(context);
        }
      },
    },
    outbound: {
      getLogAttributes: (attributes, next) => {
        const { deploymentName, buildId } = this.#version;
        return next({ ...attributes, ...(deploymentName === undefined ? {} : { deploymentName }), buildId });
      },
    },
  });

  /**
   * Tells the server that what still runs has failed, retryably, so that another worker takes it up at once
   * instead of after its timeout. For a process that is about to end.
   */
  async abandon(worker: Worker, logger: Logger): Promise<void> {
    await Promise.all(
      [...this.#running].map(async ({ info }) => {
        if (info.isLocal) return; // A local activity belongs to its workflow task; that times out and is taken up elsewhere.
        const attributes = { activityType: info.activityType, activityId: info.activityId, attempt: info.attempt, workflowId: info.workflowExecution?.workflowId, runId: info.workflowExecution?.runId, buildId: this.#version.buildId };
        logger.warn('Activity did not end within the shutdown grace period: abandoned', attributes);
        try {
          await worker.client?.activity.fail(info.taskToken, ApplicationFailure.retryable('the worker stopped while the activity ran', 'WorkerStopped'));
        } catch (thrown) {
          logger.warn('The server could not be told; the activity ends by its timeout', { ...attributes, error: messageOf(thrown) });
        }
      }),
    );
  }
}
