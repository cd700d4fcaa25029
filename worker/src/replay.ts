#!/usr/bin/env node
// Replays histories on a version, out of files or those of a server's open executions: node dist/replay.js --bundle FILE --version DIR …
// Prints one JSON line per history; README.md has the contract.

import { NativeConnection, Runtime } from '@temporalio/worker';
import { replaySettings, type OpenHistories, type ReplaySettings } from './arguments.js';
import { readBaseBundle } from './base-bundle.js';
import { readCredentials } from './credentials.js';
import type { Divergence } from './divergence.js';
import { readHistory } from './history.js';
import { captureOutput, jsonLogger, logProblems } from './log.js';
import { openHistories } from './open-executions.js';
import { BadInput, EXIT_BAD_INPUT, EXIT_NOT_DONE, messageOf } from './problem.js';
import { Replayer } from './replayer.js';
import { summaryText, writeSummary, type Summary } from './replay-summary.js';
import { readVersion } from './version.js';
import { versionCode } from './version-code.js';

let logger = jsonLogger('warn');
const print = captureOutput(logger);
let summary: Summary = { replayed: 0, failed: 0 };
let summaryFile: string | undefined;

try {
  const settings = await replaySettings(process.argv.slice(2));
  logger = jsonLogger(settings.logLevel);
  summaryFile = settings.summary;
  await replayAll(settings);
  await end(summary.failed === 0 ? 0 : 1);
} catch (thrown) {
  summary = { ...summary, error: messageOf(thrown) };
  if (thrown instanceof BadInput) logProblems(logger, thrown.problems);
  else logger.error(`The replay could not be done: ${messageOf(thrown)}`, { error: thrown });
  await end(thrown instanceof BadInput ? EXIT_BAD_INPUT : summary.failed > 0 ? 1 : EXIT_NOT_DONE);
}

async function end(code: number): Promise<never> {
  try {
    if (summaryFile !== undefined) await writeSummary(summaryFile, summary);
  } catch (thrown) {
    if (!(thrown instanceof BadInput)) throw thrown;
    logProblems(logger, thrown.problems);
    process.exit(code === 0 ? EXIT_BAD_INPUT : code);
  }
  process.exit(code);
}

/** Prints a result for each history, in order. */
async function replayAll({ bundle, version: dir, histories }: ReplaySettings): Promise<void> {
  const base = await readBaseBundle(bundle);
  const version = await readVersion(dir);
  if (version.code.length === 0) throw new BadInput([{ file: version.file, field: 'workflows', message: 'is empty: there is nothing to replay on' }]);
  const code = await versionCode(base, version, { trace: true });
  Runtime.install({ logger, shutdownSignals: [], telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } } });
  const replayer = new Replayer(version, code);
  if ('server' in histories) await replayOpen(replayer, histories);
  else for (const file of histories) await replayFile(replayer, file);
}

async function replayFile(replayer: Replayer, file: string): Promise<void> {
  const history = await readHistory(file).catch((thrown: unknown) => `the file ${messageOf(thrown)}`);
  if (typeof history === 'string') {
    tell({ history: file }, { error: history });
  } else {
    tell({ history: file }, await replayer.replay(history));
  }
}

/** The histories come and go one by one: there may be more than fit in memory. */
async function replayOpen(replayer: Replayer, { server, namespace, wanted }: OpenHistories): Promise<void> {
  const connection = await NativeConnection.connect({ address: server.address, ...(await readCredentials(server.credentials)) });
  for await (const history of openHistories(connection, namespace, wanted)) {
    const { workflowId, runId, workflowType } = history;
    const failure = await replayer.replay(history);
    tell({ workflowId, runId, workflowType }, failure);
    if (failure !== undefined) summary = { ...summary, first: summary.first ?? { workflowId, runId, workflowType, ...failure } };
  }
  print(summaryText(summary));
}

function tell(which: Record<string, string>, failure: Divergence | undefined): void {
  print(JSON.stringify({ ...which, ok: failure === undefined, ...failure }));
  summary = { ...summary, replayed: summary.replayed + 1, failed: summary.failed + (failure === undefined ? 0 : 1) };
}
