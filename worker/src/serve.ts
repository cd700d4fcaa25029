// Serves prepared versions: connects, starts a worker for each, stops them all within the grace period.
// May talk to the Temporal server through the SDK. Knows no command line, no signals and no HTTP.

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger, NativeConnection } from '@temporalio/worker';
import { aborted, ServerConnection, type ServerSettings } from './connection.js';
import type { VersionSample } from './metrics.js';
import type { PreparedVersion } from './prepare.js';
import { messageOf } from './problem.js';
import { ServedVersion, type WorkerSettings } from './served-version.js';

/** Everything `serve` needs to know. */
export interface ServeOptions extends WorkerSettings {
  readonly versions: readonly PreparedVersion[];
  readonly server: ServerSettings;
  readonly logger: Logger;
  /** Called once for each version, when it polls and the server knows it. */
  readonly onReady: (version: { buildId: string; taskQueue: string }) => void;
}

/** Time after the grace period that cancelled activities have to end before they are abandoned. */
const CANCELLATION_MS = 2_000;

/** The workers of a process. */
export class Serving {
  readonly #options: ServeOptions;
  readonly #stop = new AbortController();
  readonly #served: ServedVersion[] = [];
  readonly #connection: ServerConnection;

  constructor(options: ServeOptions) {
    this.#options = options;
    this.#connection = new ServerConnection(options.server, options.logger);
  }

  /** Asks for the end; `run` resolves when it is reached. */
  stop(): void {
    this.#stop.abort();
    for (const served of this.#served) served.stop();
  }

  /** What must still happen until every version polls, in words. */
  awaited(): string[] {
    if (this.#stop.signal.aborted) return ['nothing: the worker is stopping'];
    const connection = this.#connection.awaited();
    if (connection !== undefined) return [connection];
    const toStart = this.#options.versions.slice(this.#served.length).map(({ version }) => `build '${version.buildId}' to start`);
    return [...this.#served.flatMap((served) => served.awaited() ?? []), ...toStart];
  }

  /** One sample for each version that has been started. */
  samples(): VersionSample[] {
    return this.#served.map((served) => served.sample());
  }

  /** Serves until `stop` is called, or rejects when a worker fails; in both cases nothing polls any more. */
  async run(): Promise<void> {
    const ended = new AbortController();
    try {
      const connection = await this.#connection.open(this.#stop.signal);
      if (connection === undefined) return;
      await this.#startAll(connection);
      void this.#connection.follow(ended.signal, (renewed) => {
        for (const served of this.#served) served.use(renewed);
      });
      await Promise.race([Promise.all(this.#served.map(({ ended }) => ended)), aborted(this.#stop.signal)]);
    } finally {
      await this.#end();
      ended.abort();
    }
  }

  async #startAll(connection: NativeConnection): Promise<void> {
    for (const prepared of this.#options.versions) {
      if (this.#stop.signal.aborted) return;
      const served = await ServedVersion.start(prepared, connection, this.#options, this.#options.logger).catch((thrown: unknown) => {
        throw this.#startFailure(thrown);
      });
      this.#served.push(served);
      const { buildId, taskQueue } = prepared.version;
      void served.ready().then((ready) => ready && this.#options.onReady({ buildId, taskQueue }));
    }
  }

  #startFailure(thrown: unknown): unknown {
    const { namespace, server } = this.#options;
    if (!/^Namespace .* was not found.*NotFound/.test(messageOf(thrown))) return thrown;
    return new Error(`namespace '${namespace}' is not on the Temporal server at ${server.address}: create it with 'temporal operator namespace create -n ${namespace}'`);
  }

  /** Stops what still runs, waits for it as long as it may take, and lets go of the rest. The connection ends with the process. */
  async #end(): Promise<void> {
    this.stop();
    const { shutdownGraceMs, logger } = this.#options;
    const ended = Promise.allSettled(this.#served.map((served) => served.ended)).then(() => true);
    const deadline = delay(shutdownGraceMs + CANCELLATION_MS, false, { ref: false });
    if (!(await Promise.race([ended, deadline]))) await Promise.all(this.#served.map((served) => served.abandon(logger)));
  }
}
