// How a worker stops: activities in flight end, are cancelled, or are given back; the process always ends.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { bundle, connect, eventually, folder, makeCurrent, Program, startWorker, unique, versionDir } from './lab.js';

const CALL = `
  const wf = require('@temporalio/workflow');
  exports.Call = async (name, ...args) => wf.proxyActivities({ startToCloseTimeout: '10m', retry: { initialInterval: 1, maximumAttempts: 3 } })[name](...args);`;

/** `started` in `dir` says that the activity runs; `go` there lets it go on. */
const ACTIVITIES = `
  const { existsSync, writeFileSync } = require('node:fs');
  const { setTimeout } = require('node:timers/promises');
  const { join } = require('node:path');
  const context = () => globalThis[Symbol.for('__temporal_activity_context_storage__')].getStore();
  const fileIn = async (dir, name) => { while (!existsSync(join(dir, name))) await setTimeout(10); };
  exports.finish = async (dir) => { writeFileSync(join(dir, 'started'), ''); await fileIn(dir, 'go'); return 'attempt ' + context().info.attempt; };
  exports.heed = async (dir) => {
    if (context().info.attempt > 1) return 'again';
    writeFileSync(join(dir, 'started'), '');
    return context().cancelled;
  };
  exports.hang = async (dir) => {
    if (context().info.attempt > 1) return 'again';
    writeFileSync(join(dir, 'started'), '');
    return new Promise(() => setInterval(() => undefined, 1000));
  };
  exports.crash = async (dir) => {
    if (context().info.attempt > 1) return 'again';
    crashed = true;
    return fileIn(dir, 'never');
  };
  // Of the module, and of no activity: the timer is older than all of them.
  let crashed = false;
  setInterval(() => { if (crashed) throw new Error('out of nowhere'); }, 20);`;

interface Scene {
  readonly client: Client;
  readonly worker: Program;
  readonly handle: WorkflowHandle;
  /** Folder that the activity watches. */
  readonly dir: string;
  /** Starts another process of the same version. */
  another(): Promise<Program>;
}

/** A worker with one activity that runs. */
async function running(t: TestContext, activity: string, grace: string): Promise<Scene> {
  const name = unique('queue');
  const version = await versionDir(t, { name, workflows: ['Call'], code: CALL, activities: ACTIVITIES, names: ['finish', 'heed', 'hang', 'crash'] });
  const another = () => startWorker(t, [version], ['--shutdown-grace', grace]);
  const worker = await another();
  const client = await connect(t);
  await makeCurrent(client, name, 'A');
  const dir = await folder(t);
  const handle = await client.workflow.start('Call', { taskQueue: name, workflowId: unique('run'), args: [activity, dir] });
  if (activity !== 'crash') await eventually(() => (existsSync(join(dir, 'started')) ? true : undefined));
  return { client, worker, handle, dir, another };
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal}: an activity in flight ends within the grace period, and the process after it`, async (t) => {
    const { worker, handle, dir, another } = await running(t, 'finish', '5m');
    worker.kill(signal);
    await worker.event('stopping');
    const { http } = await worker.event('listening');
    const ready = await fetch(`http://${http}/ready`);
    assert.deepEqual([ready.status, await ready.json()], [503, { ready: false, awaited: ['nothing: the worker is stopping'] }]);
    await writeFile(join(dir, 'go'), '');
    assert.equal(await worker.ended, 0);
    assert.deepEqual(worker.events().map((e) => e['event']), ['listening', 'ready', 'stopping', 'stopped']);
    await another();
    assert.equal(await handle.result(), 'attempt 1');
  });
}

test('after the grace period an activity is cancelled, and tried again elsewhere', async (t) => {
  const { worker, handle, another } = await running(t, 'heed', '10ms');
  worker.kill('SIGTERM');
  assert.equal(await worker.ended, 0);
  assert.equal(worker.log().filter((line) => line.message.includes('abandoned')).length, 0);
  await another();
  assert.equal(await handle.result(), 'again');
});

test('an activity that hangs past the grace period does not hold the process, and is tried again elsewhere at once', async (t) => {
  const { worker, handle, another } = await running(t, 'hang', '10ms');
  worker.kill('SIGTERM');
  assert.equal(await worker.ended, 0);
  const [line, ...more] = worker.log().filter(({ message }) => message.includes('abandoned'));
  assert.deepEqual(more, []);
  assert.equal(line?.['activityType'], 'hang');
  assert.equal(line?.['workflowId'], handle.workflowId);
  await another();
  // Long before its timeout of ten minutes: the server was told.
  assert.equal(await handle.result(), 'again');
  const { events } = await handle.fetchHistory();
  const lastFailures = events?.flatMap((e) => e.activityTaskStartedEventAttributes?.lastFailure?.message ?? []);
  assert.deepEqual(lastFailures, ['the worker stopped while the activity ran']);
});

test('a second signal ends the process at once', async (t) => {
  const { worker } = await running(t, 'hang', '5m');
  worker.kill('SIGTERM');
  await worker.event('stopping');
  worker.kill('SIGINT');
  assert.equal(await worker.ended, 130);
});

test('an exception outside of every activity stops the worker gracefully, with exit code 1', async (t) => {
  const { worker, handle, another } = await running(t, 'crash', '10ms');
  assert.equal(await worker.ended, 1);
  const line = worker.log().find(({ message }) => message.startsWith('An exception was thrown outside of every activity'));
  assert.equal((line?.['error'] as { message: string }).message, 'out of nowhere');
  await another();
  assert.equal(await handle.result(), 'again');
});

test('a worker whose output nobody reads any more still ends its activities', async (t) => {
  const { worker, handle, dir, another } = await running(t, 'finish', '5m');
  worker.closeOutput();
  worker.kill('SIGTERM');
  await writeFile(join(dir, 'go'), '');
  assert.equal(await worker.ended, 0);
  await another();
  assert.equal(await handle.result(), 'attempt 1');
});

test('a worker that finds no server stops all the same', async (t) => {
  const version = await versionDir(t, { workflows: ['Call'], code: CALL });
  const worker = new Program(t, 'main', ['--bundle', bundle, '--version', version, '--address', '127.0.0.1:1', '--namespace', 'default']);
  await worker.logged(({ message }) => message.startsWith('No connection to the Temporal server yet'));
  worker.kill('SIGTERM');
  assert.equal(await worker.ended, 0);
  assert.deepEqual(worker.events().map((e) => e['event']), ['listening', 'stopping', 'stopped']);
});
