// The connection to the Temporal server: awaited until it is there, and kept when credentials are replaced.
// May talk to the server through the SDK. Knows no workers: who uses the connection is told of a new one.

import { setTimeout as delay } from 'node:timers/promises';
import { NativeConnection, TransportError, type Logger } from '@temporalio/worker';
import { readCredentials, sameTls, type CredentialFiles, type Credentials } from './credentials.js';
import { BadInput, messageOf } from './problem.js';

/** Where the server is, and what to show it. */
export interface ServerSettings {
  readonly address: string;
  readonly credentials: CredentialFiles;
}

/** Pauses between attempts to connect; the last one repeats. */
const RECONNECT_MS = [250, 500, 1_000, 2_000, 5_000] as const;
/** Pause between looks at the credentials' files. */
const CREDENTIALS_MS = 2_000;

/** A connection that is to be had, or is there. */
export class ServerConnection {
  readonly #server: ServerSettings;
  readonly #logger: Logger;
  #credentials: Credentials = {};
  #connection: NativeConnection | undefined;
  #obstacle = '';

  constructor(server: ServerSettings, logger: Logger) {
    this.#server = server;
    this.#logger = logger;
  }

  /** What is awaited, in words, until there is a connection. */
  awaited(): string | undefined {
    return this.#connection === undefined ? `a connection to the Temporal server at ${this.#server.address}${this.#obstacle}` : undefined;
  }

  /**
   * Tries until there is a connection, or nothing when the end is asked for first; the credentials are read anew each time.
   * Throws `BadInput` when it is not the server that is missing, but the address or a file that is wrong.
   */
  async open(stop: AbortSignal): Promise<NativeConnection | undefined> {
    for (let attempt = 0; !stop.aborted; attempt++) {
      try {
        const connection = await Promise.race([this.#connect(await readCredentials(this.#server.credentials)), aborted(stop)]);
        return (this.#connection = connection);
      } catch (thrown) {
        refuseWrongSettings(thrown, this.#server.address);
        this.#obstacle = ` (${messageOf(thrown)})`;
        const pauseMs = RECONNECT_MS[Math.min(attempt, RECONNECT_MS.length - 1)];
        this.#logger.warn('No connection to the Temporal server yet; trying again', { address: this.#server.address, error: messageOf(thrown), pauseMs });
        await pause(pauseMs, stop);
      }
    }
    return undefined;
  }

  /**
   * Takes up new contents of the credentials' files until the end is asked for. A new API key goes into the connection that is
   * there; new TLS material makes a new one, which `replace` has to hand to all who use the old one, before that is closed.
   */
  async follow(stop: AbortSignal, replace: (connection: NativeConnection) => void): Promise<void> {
    let failed = '';
    while (!stop.aborted) {
      await pause(CREDENTIALS_MS, stop);
      try {
        if (!stop.aborted) await this.#takeUp(await readCredentials(this.#server.credentials), replace);
        failed = '';
      } catch (thrown) {
        // Half written, or not yet known to the server: what was valid goes on, and the files are looked at again.
        if (messageOf(thrown) !== failed) this.#logger.warn("New credentials can't be used; the old ones stay in use", { error: messageOf(thrown) });
        failed = messageOf(thrown);
      }
    }
  }

  async #takeUp(credentials: Credentials, replace: (connection: NativeConnection) => void): Promise<void> {
    const old = this.#connection;
    if (old === undefined) return;
    if (!sameTls(credentials, this.#credentials)) {
      const connection = await this.#connect(credentials);
      this.#connection = connection;
      replace(connection);
      this.#logger.info('The TLS certificates were replaced: connected anew', { address: this.#server.address });
      await old.close();
    } else if (credentials.apiKey !== undefined && credentials.apiKey !== this.#credentials.apiKey) {
      await old.setApiKey(credentials.apiKey);
      this.#credentials = credentials;
      this.#logger.info('The API key was replaced', { address: this.#server.address });
    }
  }

  async #connect(credentials: Credentials): Promise<NativeConnection> {
    const connection = await NativeConnection.connect({ address: this.#server.address, ...credentials });
    this.#credentials = credentials;
    return connection;
  }
}

function refuseWrongSettings(thrown: unknown, address: string): void {
  if (thrown instanceof BadInput) throw thrown;
  const tls = /(PrivateKey|Certificate)ParseError/.exec(messageOf(thrown));
  if (tls) {
    const field = tls[1] === 'PrivateKey' ? '--tls-key' : '--tls-cert, --tls-ca';
    throw new BadInput([{ file: 'command line', field, message: `is not PEM that can be used: ${messageOf(thrown)}` }]);
  }
  if (!(thrown instanceof TransportError)) {
    throw new BadInput([{ file: 'command line', field: '--address', message: `'${address}' is not HOST:PORT of a Temporal server: ${messageOf(thrown)}` }]);
  }
}

/** Ends early when the signal is aborted; holds no process. */
async function pause(ms: number | undefined, stop: AbortSignal): Promise<void> {
  await delay(ms, undefined, { ref: false, signal: stop }).catch(() => undefined);
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
