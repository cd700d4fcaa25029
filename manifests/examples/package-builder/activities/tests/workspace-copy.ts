// Working copies of the example workspace for tests, and activities run in a mock context.
// Depends on the package under test through its public entry points and on Temporal's testing package.

import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { prepareWorkspace, type PrepareOptions } from '@warpline-examples/package-builder-activities/prepare';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, type TestContext } from 'node:test';
import { promisify } from 'node:util';

/** The pristine workspace. */
export const pristine = resolve(__dirname, '..', '..', 'workspace');

type Selection = Omit<PrepareOptions, 'source' | 'destination'>;

/**
 * A new working copy, of the whole workspace unless told otherwise; it is removed when the test ends. Each selection
 * is prepared once for a test file and copied from then on. Returns the copy's path.
 */
export async function workspaceCopy(t: TestContext, selection: Selection = {}): Promise<string> {
  const workspaceRoot = join(await temporaryFolder(t), 'workspace');
  await execute('cp', ['-a', await preparedOnce(selection), workspaceRoot]);
  return workspaceRoot;
}

const execute = promisify(execFile);
const preparedFolder = mkdtempSync(join(tmpdir(), 'package-builder-prepared-'));
after(() => rm(preparedFolder, { recursive: true, force: true }));
const prepared = new Map<string, Promise<string>>();

function preparedOnce(selection: Selection): Promise<string> {
  const key = JSON.stringify(selection);
  const known = prepared.get(key);
  if (known !== undefined) return known;
  const destination = join(preparedFolder, String(prepared.size));
  const preparing = prepareWorkspace({ source: pristine, destination, ...selection }).then(() => destination);
  prepared.set(key, preparing);
  return preparing;
}

/** A new empty folder that is removed when the test ends. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'package-builder-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const ignore = (): void => undefined;

/** Many tests let activities fail; the SDK's warnings about it would hide what the tests have to say. */
const silent = { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

let lastActivity = 0;

/** The context of a new activity; with an id, that of another attempt of the activity with this id. */
export function activityContext(activityId = `activity-${(lastActivity += 1)}`): MockActivityEnvironment {
  return new MockActivityEnvironment({ activityId }, { logger: silent });
}

/** Runs an activity in a context of its own. */
export function inActivity<A extends unknown[], R>(activity: (...args: A) => Promise<R>, ...args: A): Promise<R> {
  return runIn(activityContext(), activity, ...args);
}

/** Runs an activity in a context that the test holds on to. */
export function runIn<A extends unknown[], R>(
  context: MockActivityEnvironment,
  activity: (...args: A) => Promise<R>,
  ...args: A
): Promise<R> {
  return context.run<A, R, (...args: A) => Promise<R>>(activity, ...args);
}

/** Expects a non-retryable failure of this type; returns it. */
export async function permanent(action: Promise<unknown>, type: string): Promise<ApplicationFailure> {
  const outcome = await action.then(
    (value) => assert.fail(`expected ${type}, got ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof ApplicationFailure, String(outcome));
  assert.equal(outcome.type, type, outcome.message);
  assert.equal(outcome.nonRetryable, true);
  return outcome;
}

/** Changes a JSON file. */
export async function editJson(path: string, change: (data: Record<string, unknown>) => void): Promise<void> {
  const data = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  change(data);
  await writeFile(path, `${JSON.stringify(data, undefined, 2)}\n`);
}
