#!/usr/bin/env node
// Makes the base bundle, once per SDK version: node dist/bundle.js --out FILE. Prints {"file", "sdkVersion", "sha256"}.

import { bundleSettings } from './arguments.js';
import { makeBaseBundle } from './base-bundle.js';
import { captureOutput, jsonLogger, logProblems } from './log.js';
import { BadInput, EXIT_BAD_INPUT, messageOf } from './problem.js';

let logger = jsonLogger('warn');
const print = captureOutput(logger);

try {
  const { out, logLevel } = bundleSettings(process.argv.slice(2));
  logger = jsonLogger(logLevel);
  print(JSON.stringify(await makeBaseBundle(out, logger)));
} catch (thrown) {
  if (thrown instanceof BadInput) {
    logProblems(logger, thrown.problems);
    process.exitCode = EXIT_BAD_INPUT;
  } else {
    logger.error(`The base bundle could not be made: ${messageOf(thrown)}`, { error: thrown });
    process.exitCode = 1;
  }
}
