#!/usr/bin/env node
// The program of a build's first containers: node dist/install.js --request FILE --work FOLDER [--credentials FOLDER] [--scripts].
// Resolves and installs a package with npm, never with scripts; with --scripts it runs those that were allowed by name, in a container without
// credentials. What came of it is one line of JSON in the termination log. README.md has the contract.

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { InstallFailure, look, packageTree, readRequest, runScripts, sourceTree } from './install-tree.js';
import { messageOf } from './problem.js';

/** Kubernetes keeps 4096 bytes. */
const LONGEST = 3500;
const MOST_NAMES = 10;

const { values } = parseArgs({
  options: {
    request: { type: 'string' },
    work: { type: 'string' },
    credentials: { type: 'string' },
    scripts: { type: 'boolean', default: false },
    'termination-log': { type: 'string', default: '/dev/termination-log' },
  },
});

try {
  if (values.request === undefined || values.work === undefined) throw new InstallFailure('BadRequest', '--request and --work are needed');
  const request = await readRequest(values.request);
  const place = { work: values.work, credentials: values.credentials };
  if (values.scripts) say(await runScripts(request, place));
  else if (request.mode === 'look') say(await look(request, place));
  else {
    const installed = await (request.source === undefined ? packageTree(request, place) : sourceTree(request, place));
    say({ ...installed, skippedScripts: installed.skippedScripts.slice(0, MOST_NAMES) });
  }
} catch (thrown) {
  const failure = thrown instanceof InstallFailure ? thrown : new InstallFailure('InstallFailed', messageOf(thrown));
  console.error(`${failure.reason}: ${failure.message}`);
  say({ reason: failure.reason, message: failure.message.slice(0, LONGEST) });
  process.exitCode = 1;
}

function say(what: object): void {
  writeFileSync(values['termination-log'], `${JSON.stringify(what)}\n`);
}
