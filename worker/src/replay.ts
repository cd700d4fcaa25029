#!/usr/bin/env node
// Replays histories on a version: node dist/replay.js --bundle FILE --version DIR HISTORY.json…
// Prints one JSON line per history; README.md has the contract.

import { Runtime, Worker } from '@temporalio/worker';
import { replaySettings, type ReplaySettings } from './arguments.js';
import { readBaseBundle } from './base-bundle.js';
import { readHistory, type History } from './history.js';
import { captureOutput, jsonLogger, logProblems } from './log.js';
import { BadInput, EXIT_BAD_INPUT, messageOf } from './problem.js';
import { readVersion, type Version } from './version.js';
import { versionCode } from './version-code.js';

let logger = jsonLogger('warn');
const print = captureOutput(logger);

try {
  const settings = replaySettings(process.argv.slice(2));
  logger = jsonLogger(settings.logLevel);
  process.exit((await replayAll(settings)) ? 0 : 1);
} catch (thrown) {
  if (thrown instanceof BadInput) {
    logProblems(logger, thrown.problems);
    process.exit(EXIT_BAD_INPUT);
  }
  logger.error(`The replay failed: ${messageOf(thrown)}`, { error: thrown });
  process.exit(1);
}

/** Prints a result for each file, in order; resolves to whether all were good. */
async function replayAll({ bundle, version: dir, histories }: ReplaySettings): Promise<boolean> {
  const base = await readBaseBundle(bundle);
  const version = await readVersion(dir);
  if (version.code.length === 0) throw new BadInput([{ file: version.file, field: 'workflows', message: 'is empty: there is nothing to replay on' }]);
  const code = await versionCode(base, version);
  const read = await Promise.all(histories.map((file) => readFor(version, file)));
  const replay = startReplay(version, code, read.filter((history) => typeof history !== 'string'));
  let allGood = true;
  for (const [i, history] of histories.entries()) {
    const found = read[i];
    const error = typeof found === 'string' ? found : await nextError(replay);
    print(JSON.stringify({ history, ok: error === undefined, ...(error === undefined ? {} : { error }) }));
    allGood &&= error === undefined;
  }
  return allGood;
}

/** The history in a file, or in one line why it can't be replayed on this version. */
async function readFor({ deploymentName, buildId, workflows }: Version, file: string): Promise<History | string> {
  try {
    const history = await readHistory(file);
    if (workflows.includes(history.workflowType)) return history;
    return `workflow type '${history.workflowType}' is not in build '${buildId}' of deployment '${deploymentName}'; it has: ${workflows.join(', ')}`;
  } catch (thrown) {
    return `the file ${messageOf(thrown)}`;
  }
}

type Replay = ReturnType<typeof Worker.runReplayHistories>;

/** One replay worker for all histories; its results come one at a time, as they are asked for. */
function startReplay({ deploymentName, buildId }: Version, code: string, histories: readonly History[]): Replay {
  Runtime.install({ logger, shutdownSignals: [], telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } } });
  const options = {
    workflowBundle: { code },
    workerDeploymentOptions: { useWorkerVersioning: true, version: { deploymentName, buildId }, defaultVersioningBehavior: 'PINNED' },
  } as const;
  return Worker.runReplayHistories(options, histories.map(({ workflowId, events }) => ({ workflowId, history: events })));
}

/** What was wrong with the next history, on one line, or nothing. */
async function nextError(replay: Replay): Promise<string | undefined> {
  try {
    const { done, value } = await replay.next();
    if (done) return 'the replay worker ended before this history';
    return value.error === undefined ? undefined : replayError(value.error);
  } catch (thrown) {
    return `the replay worker failed: ${messageOf(thrown)}`;
  }
}

/** The failure that the SDK found, out of its dump of the native side's structure. */
function replayError(error: Error): string {
  const message = messageOf(error);
  const inner = /message: "((?:[^"\\]|\\.)*)"/.exec(message)?.[1];
  return inner === undefined ? message : inner.replaceAll('\\"', '"').replaceAll('\\n', ' ');
}
