// Activities that go wrong: each fails by itself, in words that say what to do, and its neighbours in the process end as ever.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import type { Client } from '@temporalio/client';
import { serve, unique } from './lab.js';

const ACTIVITIES = `
  const { ApplicationFailure } = require(${JSON.stringify(createRequire(import.meta.url).resolve('@temporalio/common'))});
  const { EventEmitter, once } = require('node:events');
  const { setTimeout } = require('node:timers/promises');
  const end = new EventEmitter();
  exports.neighbour = async () => { await once(end, 'end'); return 'went on'; };
  exports.goOn = async () => { end.emit('end'); };

  exports.throws = () => { throw new Error('thrown'); };
  exports.throwsText = () => { throw 'a text'; };
  exports.throwsLong = () => { throw new Error('long '.repeat(2_000_000)); };
  exports.throwsBadDetails = () => { throw ApplicationFailure.create({ message: 'with details', type: 'Odd', nonRetryable: true, details: [1n] }); };
  exports.leaves = async () => { Promise.reject(new Error('left behind')); return 'left'; };

  exports.bigint = async () => 1n;
  exports.deepBigint = async () => ({ items: [{ size: 1 }, { size: 2n }] });
  exports.circular = async () => { const value = { name: 'a', inner: {} }; value.inner.self = value; return value; };
  exports.method = async () => () => 1;
  exports.refuses = async () => ({ toJSON() { throw new Error('not me'); } });
  exports.large = async () => 'x'.repeat(3 * 1024 * 1024);
  exports.huge = async () => 'x'.repeat(20 * 1024 * 1024);
  exports.fits = async () => 'x'.repeat(2 * 1024 * 1024 - 1024);

  exports.exits = async () => { process.exit(3); };
  exports.exitsLater = () => new Promise(() => globalThis.setTimeout(() => process.exit(), 10));
  exports.exitsQuietly = async () => { try { process.exit(0); } catch {} await setTimeout(60_000); };
  exports.aborts = async () => { process.abort(); };
  exports.throwsLater = () => new Promise(() => globalThis.setTimeout(() => { throw new TypeError('out of a timer'); }, 10));
  exports.spawns = () => new Promise(() => require('node:child_process').spawn('/no/such/program'));`;

const NAMES = [...ACTIVITIES.matchAll(/exports\.(\w+)/g)].map(([, name]) => name!);

const CODE = `
  const wf = require('@temporalio/workflow');
  const activities = wf.proxyActivities({ startToCloseTimeout: '1m', retry: { initialInterval: 1, maximumAttempts: 2 } });
  const outcome = async (name) => {
    try {
      const value = await activities[name]();
      return { value: typeof value === 'string' ? value.slice(0, 100) : value };
    } catch ({ cause }) {
      return { message: cause.message.slice(0, 3000), type: cause.type, retryable: cause.nonRetryable !== true };
    }
  };
  exports.Try = async (names) => {
    const neighbour = activities.neighbour();
    const outcomes = {};
    for (const name of names) outcomes[name] = await outcome(name);
    await activities.goOn();
    return { ...outcomes, neighbour: await neighbour };
  };`;

async function tried(client: Client, taskQueue: string, ...names: string[]): Promise<Record<string, unknown>> {
  return client.workflow.execute('Try', { taskQueue, workflowId: unique('run'), args: [names] });
}

test('what an activity throws is its failure', async (t) => {
  const { client, name, worker } = await serve(t, { workflows: ['Try'], code: CODE, activities: ACTIVITIES, names: NAMES });
  const { throwsLong, ...outcomes } = await tried(client, name, 'throws', 'throwsText', 'throwsBadDetails', 'leaves', 'throwsLong');
  assert.deepEqual(outcomes, {
    throwsBadDetails: { message: 'with details (its details are no JSON: Unable to convert 1 to payload)', type: 'Odd', retryable: false },
    throws: { message: 'thrown', type: 'Error', retryable: true },
    throwsText: { message: 'a text', type: '', retryable: true },
    leaves: { value: 'left' },
    neighbour: 'went on',
  });
  const long = throwsLong as { message: string; type: string; retryable: boolean };
  assert.match(long.message, /^(long ){400}… \(the whole failure has \d{8} bytes, and the server takes at most 2097152\)$/);
  assert.deepEqual([long.type, long.retryable], ['Error', true]);
  const { error } = await worker.logged((line) => line.message.startsWith('A promise was rejected'));
  assert.equal((error as { message: string }).message, 'left behind');
});

test('a result that JSON or the server cannot hold is refused at once, with the place and what to do', async (t) => {
  const { client, name } = await serve(t, { workflows: ['Try'], code: CODE, activities: ACTIVITIES, names: NAMES });
  const names = ['bigint', 'deepBigint', 'circular', 'method', 'refuses', 'large', 'huge', 'fits'];
  const { neighbour, fits, ...refused } = await tried(client, name, ...names);
  const json = (activity: string, what: string) => ({
    message: `activity ${activity} returned what JSON can't hold: ${what}; return numbers, texts, lists and plain objects`,
    type: 'ResultNotSerializable',
    retryable: false,
  });
  const large = (activity: string, bytes: number) => ({
    message: `activity ${activity} returned ${bytes} bytes, and the server takes at most 2097152: keep it in a file or a store, and return where it is`,
    type: 'ResultTooLarge',
    retryable: false,
  });
  assert.deepEqual(refused, {
    bigint: json('bigint', 'the result is a bigint'),
    deepBigint: json('deepBigint', 'result.items[1].size is a bigint'),
    circular: json('circular', 'result.inner.self is the result again, in a circle'),
    method: json('method', 'the result is a function'),
    refuses: json('refuses', 'the result, of which JSON says: not me'),
    large: large('large', 3 * 1024 * 1024 + 2 + 64),
    huge: large('huge', 20 * 1024 * 1024 + 2 + 64),
  });
  assert.deepEqual([(fits as { value: string }).value.length, neighbour], [100, 'went on']);
});

test('an activity that would end the process fails alone, and the process lives', async (t) => {
  const { client, name, worker } = await serve(t, { workflows: ['Try'], code: CODE, activities: ACTIVITIES, names: NAMES });
  const outcomes = await tried(client, name, 'exits', 'exitsLater', 'exitsQuietly', 'aborts', 'throwsLater', 'spawns');
  const ends = (activity: string, call: string) => ({
    message: `activity ${activity} called process.${call}, which would end every activity of its worker: let it throw an error instead`,
    type: 'ProcessExit',
    retryable: false,
  });
  assert.deepEqual(outcomes, {
    exits: ends('exits', 'exit(3)'),
    exitsLater: ends('exitsLater', 'exit()'),
    exitsQuietly: ends('exitsQuietly', 'exit(0)'),
    aborts: ends('aborts', 'abort()'),
    throwsLater: { message: 'out of a timer', type: 'TypeError', retryable: true },
    spawns: { message: 'spawn /no/such/program ENOENT', type: 'Error', retryable: true },
    neighbour: 'went on',
  });
  const line = await worker.logged(({ message }) => message.startsWith('An exception was thrown in a callback of an activity'));
  assert.deepEqual([line['activityType'], line['buildId']], ['throwsLater', 'A']);
  worker.kill('SIGTERM');
  assert.equal(await worker.ended, 0);
});
