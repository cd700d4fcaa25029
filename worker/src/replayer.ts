// Replays histories on one version, one at a time.
// Runs workflow code in the SDK's replay worker. Knows no files, no server and no output.

import { Worker, type InjectedSinks, type ReplayResult } from '@temporalio/worker';
import { divergence, type Divergence } from './divergence.js';
import type { History } from './history.js';
import type { Trace, TraceSinks } from './trace.js';
import type { VersionCode } from './version-code.js';
import { build, type Version } from './version.js';

/** A replay worker of one version, started when it is first asked. */
export class Replayer {
  readonly #version: Version;
  readonly #code: VersionCode;
  readonly #results: AsyncIterableIterator<ReplayResult>;
  #next: History | undefined;
  #trace: Trace = { commands: [], historyLength: 0 };

  constructor(version: Version, code: VersionCode) {
    this.#version = version;
    this.#code = code;
    this.#results = this.#start();
  }

  /** What is wrong with a history, or nothing; throws when the replay worker can't go on. */
  async replay(history: History): Promise<Divergence | undefined> {
    const { workflows } = this.#version;
    if (!workflows.includes(history.workflowType)) {
      return { error: `workflow type '${history.workflowType}' is not in ${build(this.#version)}; it has: ${workflows.join(', ')}` };
    }
    this.#trace = { commands: [], historyLength: 0 };
    this.#next = history;
    const { done, value } = await this.#results.next();
    if (done === true) throw new Error('the replay worker ended before this history');
    return value.error === undefined ? undefined : divergence(value.error, history, this.#trace, this.#code);
  }

  #start(): AsyncIterableIterator<ReplayResult> {
    const { deploymentName = '', buildId } = this.#version;
    const sinks: InjectedSinks<TraceSinks> = {
      warplineTrace: {
        task: { fn: (_, historyLength) => void (this.#trace.historyLength = historyLength), callDuringReplay: true },
        commands: { fn: (_, commands) => void this.#trace.commands.push(...commands), callDuringReplay: true },
      },
    };
    const options = {
      workflowBundle: { code: this.#code.code },
      workerDeploymentOptions: { useWorkerVersioning: true, version: { deploymentName, buildId }, defaultVersioningBehavior: 'PINNED' },
      sinks,
    } as const;
    return Worker.runReplayHistories(options, this.#handedIn());
  }

  /** The SDK asks for a history each time that a result is asked for. */
  async *#handedIn(): AsyncGenerator<{ workflowId: string; history: History['events'] }> {
    for (let next = this.#next; next !== undefined; next = this.#next) yield { workflowId: next.workflowId, history: next.events };
  }
}
