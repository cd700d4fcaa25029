// What the tests share: version directories from a few lines of code, worker processes, a client of the dev server.
// Every process and folder made here ends with the test that made it.

import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';

const DIST = fileURLToPath(new URL('../../../dist/', import.meta.url));

/** Address of the dev server that run.ts started. */
export const address = fromRunner('TEMPORAL_ADDRESS');
/** Base bundle that run.ts made. */
export const bundle = fromRunner('WARPLINE_TEST_BUNDLE');
/** The `temporal` binary. */
export const temporalCli = fromRunner('TEMPORAL_CLI');

function fromRunner(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run the tests with 'npm test'`);
  return value;
}

/** A name that no other test uses. */
export function unique(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`;
}

/** A folder that goes when the test ends. */
export async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'warpline-test-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A version directory in a few words. */
export interface VersionSketch {
  readonly name?: string;
  readonly buildId?: string;
  readonly workflows?: readonly string[];
  /** Text of the file of each workflow type: it assigns all of them, and each file is asked for its own. */
  readonly code?: string;
  readonly sourceMap?: object;
  /** Text of a CommonJS module of activities. */
  readonly activities?: string;
  readonly names?: readonly string[];
}

/** Writes a version directory and returns its path; `name` is both deployment and task queue. */
export async function versionDir(t: TestContext, sketch: VersionSketch): Promise<string> {
  const dir = await folder(t);
  const { name = unique('queue'), buildId = 'A', workflows = [], code = '', activities, names = [] } = sketch;
  const module = { module: 'activities', path: join(dir, 'activities.cjs'), names };
  const version = { deploymentName: name, buildId, taskQueue: name, workflows, activities: activities === undefined ? [] : [module] };
  await writeFile(join(dir, 'version.json'), JSON.stringify(version));
  for (const type of workflows) await writeFile(join(dir, `${type}.js`), code);
  if (sketch.sourceMap !== undefined) await writeFile(join(dir, `${workflows[0]}.js.map`), JSON.stringify(sketch.sourceMap));
  if (activities !== undefined) await writeFile(module.path, activities);
  return dir;
}

/** A life event on a worker's stdout. */
export type LifeEvent = Record<string, string>;
/** A line on a worker's stderr. */
export type LogLine = Record<string, unknown> & { level: string; message: string };

/** A process of one of the programs in dist/. */
export class Program {
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  /** Exit code, or the signal that ended the process. */
  readonly ended: Promise<number | string>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;

  constructor(t: TestContext, program: 'main' | 'bundle' | 'replay', args: readonly string[]) {
    this.#child = spawn(process.execPath, [join(DIST, `${program}.js`), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    createInterface(this.#child.stdout).on('line', (line) => this.stdout.push(line));
    createInterface(this.#child.stderr).on('line', (line) => this.stderr.push(line));
    this.ended = new Promise((resolve) => this.#child.once('close', (code, signal) => resolve(code ?? signal ?? 'gone')));
    t.after(async () => {
      this.kill('SIGKILL');
      await this.ended;
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Stops reading the process's output, as a parent that died does. */
  closeOutput(): void {
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
  }

  /** Stdout as JSON; fails on a line that is not. */
  events(): LifeEvent[] {
    return this.stdout.map((line) => JSON.parse(line) as LifeEvent);
  }

  /** Stderr as JSON; fails on a line that is not. */
  log(): LogLine[] {
    return this.stderr.map((line) => JSON.parse(line) as LogLine);
  }

  /** Waits for the n-th event of a kind; fails when the process ends first. */
  async event(kind: string, n = 1): Promise<LifeEvent> {
    return this.#eventually(`event '${kind}'`, () => this.events().filter((e) => e['event'] === kind)[n - 1]);
  }

  /** Waits for a log line; fails when the process ends first. */
  async logged(what: (line: LogLine) => boolean): Promise<LogLine> {
    return this.#eventually('log line', () => this.log().find(what));
  }

  async #eventually<T>(what: string, look: () => T | undefined): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        await this.ended;
        const late = look();
        if (late !== undefined) return late;
        throw new Error(`the process ended before ${what}\n${this.stdout.join('\n')}\n${this.stderr.join('\n')}`);
      }
      await delay(10);
    }
  }
}

/** Starts `main.js` on the dev server; resolves when all versions are ready. */
export async function startWorker(t: TestContext, dirs: readonly string[], flags: readonly string[] = []): Promise<Program> {
  const worker = launchWorker(t, dirs, flags);
  await worker.event('ready', dirs.length);
  return worker;
}

/** Starts `main.js` on the dev server. */
export function launchWorker(t: TestContext, dirs: readonly string[], flags: readonly string[] = []): Program {
  const versions = dirs.flatMap((dir) => ['--version', dir]);
  return new Program(t, 'main', ['--bundle', bundle, ...versions, '--address', address, '--namespace', 'default', ...flags]);
}

/** A client of the dev server. */
export async function connect(t: TestContext): Promise<Client> {
  const connection = await Connection.connect({ address });
  t.after(() => connection.close());
  return new Client({ connection });
}

const { ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS } = proto.temporal.api.enums.v1.RoutingConfigUpdateState;

/** Makes a version current and waits until the server routes by it everywhere. */
export async function makeCurrent({ workflowService }: Client, deploymentName: string, buildId: string): Promise<void> {
  await workflowService.setWorkerDeploymentCurrentVersion({ namespace: 'default', deploymentName, buildId, identity: 'test' });
  for (;;) {
    const { workerDeploymentInfo } = await workflowService.describeWorkerDeployment({ namespace: 'default', deploymentName });
    if (workerDeploymentInfo?.routingConfigUpdateState !== ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS) return;
    await delay(20);
  }
}

/** A worker with one version that is current; the usual start of a test. */
export async function serve(t: TestContext, sketch: VersionSketch, flags: readonly string[] = [], name = unique('queue')): Promise<{ client: Client; name: string; worker: Program; dir: string }> {
  const dir = await versionDir(t, { ...sketch, name });
  const worker = await startWorker(t, [dir], flags);
  const client = await connect(t);
  await makeCurrent(client, name, sketch.buildId ?? 'A');
  return { client, name, worker, dir };
}

/** Calls `look` until it returns something. */
export async function eventually<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await delay(20);
  }
}
