#!/usr/bin/env node
// The worker process: settings, life events on stdout, signals, exit code. README.md has the contract.
// Wires the other modules together; decides nothing that they can decide.

import { serveSettings, type ServeSettings } from './arguments.js';
import { failByException, keepProcess } from './activity-crash.js';
import { listen } from './http.js';
import { captureOutput, jsonLogger, logProblems } from './log.js';
import { installRuntime, renderMetrics } from './metrics.js';
import { prepareVersions } from './prepare.js';
import { BadInput, EXIT_BAD_INPUT, messageOf } from './problem.js';
import { Serving } from './serve.js';

let logger = jsonLogger('info');
const print = captureOutput(logger);
const exit = keepProcess();
const event = (fields: Record<string, unknown>) => print(JSON.stringify(fields));

try {
  const settings = await serveSettings(process.argv.slice(2));
  logger = jsonLogger(settings.logLevel);
  exit(await serve(settings));
} catch (thrown) {
  if (thrown instanceof BadInput) {
    logProblems(logger, thrown.problems);
    exit(EXIT_BAD_INPUT);
  }
  logger.error(`The worker failed: ${messageOf(thrown)}`, { error: thrown });
  exit(1);
}

/** Serves until a signal; resolves to the exit code. */
async function serve(settings: ServeSettings): Promise<number> {
  const versions = await prepareVersions(settings.bundle, settings.versions);
  const { runtime, metrics } = await installRuntime(logger);
  const serving = new Serving({ ...settings, versions, logger, onReady: (version) => event({ event: 'ready', ...version }) });
  const http = await listen(settings.http, {
    awaited: () => serving.awaited(),
    metrics: () => renderMetrics(metrics, serving.samples()),
  });
  event({ event: 'listening', http: http.address });
  const crash = stopOnSignalOrCrash(serving);
  await serving.run();
  http.server.close();
  runtime.flushLogs();
  event({ event: 'stopped' });
  return crash.happened ? 1 : 0;
}

/** The first signal stops gracefully, a second one ends the process at once. So does an exception that no activity caught. */
function stopOnSignalOrCrash(serving: Serving): { happened: boolean } {
  const crash = { happened: false };
  let stopping = false;
  const stop = () => {
    if (!stopping) event({ event: 'stopping' });
    stopping = true;
    serving.stop();
  };
  for (const [signal, number] of [['SIGTERM', 15], ['SIGINT', 2]] as const) {
    process.on(signal, () => (stopping ? exit(128 + number) : stop()));
  }
  process.on('uncaughtException', (error) => {
    if (failByException(error)) return;
    logger.error('An exception was thrown outside of every activity; the worker stops, since its state is unknown', { error });
    crash.happened = true;
    stop();
  });
  process.on('unhandledRejection', (error) => {
    logger.error('A promise was rejected and nothing handled it; an activity started work that it does not await', { error });
  });
  return crash;
}
