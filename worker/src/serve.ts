// Serves prepared versions: connects, starts a worker for each, stops them all within the grace period.
// May talk to the Temporal server through the SDK. Knows no command line, no signals and no HTTP.

import { setTimeout as delay } from 'node:timers/promises';
import { NativeConnection, TransportError, type Logger, type NativeConnectionOptions } from '@temporalio/worker';
import type { VersionSample } from './metrics.js';
import type { PreparedVersion } from './prepare.js';
import { BadInput, messageOf } from './problem.js';
import { ServedVersion, type WorkerSettings } from './served-version.js';

/** Everything `serve` needs to know. */
export interface ServeOptions extends WorkerSettings {
  readonly versions: readonly PreparedVersion[];
  readonly connection: NativeConnectionOptions & { readonly address: string };
  readonly logger: Logger;
  /** Called once for each version, when it polls and the server knows it. */
  readonly onReady: (version: { buildId: string; taskQueue: string }) => void;
}

/** Time after the grace period that cancelled activities have to end before they are abandoned. */
const CANCELLATION_MS = 2_000;
/** Pauses between attempts to connect; the last one repeats. */
const RECONNECT_MS = [250, 500, 1_000, 2_000, 5_000] as const;

/** The workers of a process. */
export class Serving {
  readonly #options: ServeOptions;
  readonly #stop = new AbortController();
  readonly #served: ServedVersion[] = [];
  #connection: NativeConnection | undefined;
  #obstacle = '';

  constructor(options: ServeOptions) {
    this.#options = options;
  }

  /** Asks for the end; `run` resolves when it is reached. */
  stop(): void {
    this.#stop.abort();
    for (const served of this.#served) served.stop();
  }

  /** What must still happen until every version polls, in words. */
  awaited(): string[] {
    if (this.#stop.signal.aborted) return ['nothing: the worker is stopping'];
    const { versions, connection } = this.#options;
    if (this.#connection === undefined) return [`a connection to the Temporal server at ${connection.address}${this.#obstacle}`];
    const toStart = versions.slice(this.#served.length).map(({ version }) => `build '${version.buildId}' to start`);
    return [...this.#served.flatMap((served) => served.awaited() ?? []), ...toStart];
  }

  /** One sample for each version that has been started. */
  samples(): VersionSample[] {
    return this.#served.map((served) => served.sample());
  }

  /** Serves until `stop` is called, or rejects when a worker fails; in both cases nothing polls any more. */
  async run(): Promise<void> {
    try {
      this.#connection = await this.#connect();
      if (this.#connection === undefined) return;
      await this.#startAll(this.#connection);
      await Promise.race([Promise.all(this.#served.map(({ ended }) => ended)), aborted(this.#stop.signal)]);
    } finally {
      await this.#end();
    }
  }

  /** Tries until there is a connection, or the end is asked for. */
  async #connect(): Promise<NativeConnection | undefined> {
    const { connection, logger } = this.#options;
    for (let attempt = 0; !this.#stop.signal.aborted; attempt++) {
      try {
        return await Promise.race([NativeConnection.connect(connection), aborted(this.#stop.signal)]);
      } catch (thrown) {
        refuseWrongSettings(thrown, connection.address);
        this.#obstacle = ` (${messageOf(thrown)})`;
        const pause = RECONNECT_MS[Math.min(attempt, RECONNECT_MS.length - 1)];
        logger.warn('No connection to the Temporal server yet; trying again', { address: connection.address, error: messageOf(thrown), pauseMs: pause });
        await Promise.race([delay(pause), aborted(this.#stop.signal)]);
      }
    }
    return undefined;
  }

  async #startAll(connection: NativeConnection): Promise<void> {
    for (const prepared of this.#options.versions) {
      if (this.#stop.signal.aborted) return;
      const served = await ServedVersion.start(prepared, connection, this.#options).catch((thrown: unknown) => {
        throw this.#startFailure(thrown);
      });
      this.#served.push(served);
      const { buildId, taskQueue } = prepared.version;
      void served.ready().then((ready) => ready && this.#options.onReady({ buildId, taskQueue }));
    }
  }

  #startFailure(thrown: unknown): unknown {
    const { namespace, connection } = this.#options;
    if (!/^Namespace .* was not found.*NotFound/.test(messageOf(thrown))) return thrown;
    return new Error(`namespace '${namespace}' is not on the Temporal server at ${connection.address}: create it with 'temporal operator namespace create -n ${namespace}'`);
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

/** Throws when it is not the server that is missing, but the address or a TLS file that is wrong. */
function refuseWrongSettings(thrown: unknown, address: string): void {
  const tls = /(PrivateKey|Certificate)ParseError/.exec(messageOf(thrown));
  if (tls) {
    const field = tls[1] === 'PrivateKey' ? '--tls-key' : '--tls-cert, --tls-ca';
    throw new BadInput([{ file: 'command line', field, message: `is not PEM that can be used: ${messageOf(thrown)}` }]);
  }
  if (!(thrown instanceof TransportError)) {
    throw new BadInput([{ file: 'command line', field: '--address', message: `'${address}' is not HOST:PORT of a Temporal server: ${messageOf(thrown)}` }]);
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
