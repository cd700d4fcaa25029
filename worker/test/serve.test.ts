// Versions being served on a real server: pinning, what workflow code can do, what it can't, faults of activities.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApplicationFailure, WorkflowFailedError, type Client, type WorkflowHandle } from '@temporalio/client';
import { connect, eventually, makeCurrent, serve, startWorker, unique, versionDir } from './lab.js';

const WF = "const wf = require('@temporalio/workflow');\n";

/** Failure of the first failed workflow task. */
async function taskFailure(handle: WorkflowHandle): Promise<string> {
  return eventually(async () => {
    const { events } = await handle.fetchHistory();
    return events?.map((e) => e.workflowTaskFailedEventAttributes?.failure?.message).find((message) => message != null);
  });
}

async function failureOf(result: Promise<unknown>): Promise<ApplicationFailure> {
  try {
    await result;
  } catch (thrown) {
    assert.ok(thrown instanceof WorkflowFailedError && thrown.cause instanceof ApplicationFailure, String(thrown));
    return thrown.cause;
  }
  assert.fail('the workflow did not fail');
}

function run(client: Client, taskQueue: string, type: string, ...args: unknown[]): Promise<unknown> {
  return client.workflow.execute(type, { taskQueue, workflowId: unique('run'), args });
}

test('one process serves two versions of a queue; an execution ends on the one it began on', async (t) => {
  const name = unique('queue');
  const version = (buildId: string) =>
    versionDir(t, {
      name,
      buildId,
      workflows: ['Build'],
      code: `${WF}
        const { where } = wf.proxyActivities({ startToCloseTimeout: '1m' });
        exports.Build = async () => {
          let go = false;
          wf.setHandler(wf.defineSignal('go'), () => { go = true; });
          await wf.condition(() => go);
          return 'workflow ${buildId}, activity ' + await where();
        };`,
      activities: `exports.where = async () => '${buildId}';`,
      names: ['where'],
    });
  await startWorker(t, [await version('A'), await version('B')]);
  const client = await connect(t);
  const start = () => client.workflow.start('Build', { taskQueue: name, workflowId: unique('run'), args: [] });

  await makeCurrent(client, name, 'A');
  const first = await start();
  await eventually(async () => ((await first.fetchHistory()).events?.some((e) => e.workflowTaskCompletedEventAttributes) ? true : undefined));
  await makeCurrent(client, name, 'B');
  const second = await start();
  await first.signal('go');
  await second.signal('go');

  assert.deepEqual(await Promise.all([first.result(), second.result()]), ['workflow A, activity A', 'workflow B, activity B']);
  const { raw } = await first.describe();
  assert.equal(raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId, 'A');
});

test('signals, queries, timers, children and continue-as-new', async (t) => {
  const { client, name } = await serve(t, {
    workflows: ['Parent', 'Child'],
    code: `${WF}
      exports.Child = async (n) => { await wf.sleep(1); return n * 2; };
      exports.Parent = async (state) => {
        const seen = state ? [...state.seen] : [];
        wf.setHandler(wf.defineSignal('add'), (n) => { seen.push(n); });
        wf.setHandler(wf.defineQuery('seen'), () => seen);
        await wf.condition(() => seen.length >= (state ? 4 : 2));
        if (!state) await wf.continueAsNew({ seen });
        return Promise.all(seen.map((n) => wf.executeChild('Child', { args: [n] })));
      };`,
  });
  const handle = await client.workflow.start('Parent', { taskQueue: name, workflowId: unique('run'), args: [] });
  await handle.signal('add', 1);
  await handle.signal('add', 2);
  const next = client.workflow.getHandle(handle.workflowId);
  await eventually(async () => ((await next.describe()).runId === handle.firstExecutionRunId ? undefined : true));
  assert.deepEqual(await next.query('seen'), [1, 2]);
  await next.signal('add', 3);
  await next.signal('add', 4);
  assert.deepEqual(await handle.result(), [2, 4, 6, 8]);
});

test('executions share nothing: not the module, not the globals, not the slot', async (t) => {
  const { client, name } = await serve(t, {
    workflows: ['Count'],
    code: `
      let calls = 0;
      const list = [];
      exports.Count = async () => {
        calls += 1;
        list.push(calls);
        globalThis.calls = (globalThis.calls ?? 0) + 1;
        const tries = [
          () => { __warpline_version.calls = 1; },
          () => { __warpline_version = {}; },
          () => { __warpline_version.define.calls = 1; },
          () => { globalThis.__warpline_version.buildId; },
          () => { require.calls = (require.calls ?? 0) + 1; if (require.calls > 1) throw new Error('require is shared'); throw new TypeError('own'); },
        ];
        const refused = tries.map((attempt) => { try { attempt(); return 'done'; } catch (error) { return error.name; } });
        return { calls, list, global: globalThis.calls, refused };
      };`,
  });
  const expected = { calls: 1, list: [1], global: 1, refused: Array<string>(5).fill('TypeError') };
  assert.deepEqual(await run(client, name, 'Count'), expected);
  assert.deepEqual(await run(client, name, 'Count'), expected);
});

test('a workflow type that the version lacks fails the workflow task and says what there is', async (t) => {
  const { client, name } = await serve(t, { workflows: ['Hello', 'Bye'], code: 'exports.Hello = async () => 1; exports.Bye = async () => 1; exports.helper = async () => 1;' });
  for (const type of ['Hallo', 'helper', 'toString']) {
    const handle = await client.workflow.start(type, { taskQueue: name, workflowId: unique('run'), args: [] });
    assert.equal(await taskFailure(handle), `workflow type '${type}' is not in build 'A' of deployment '${name}'; it has: Hello, Bye`);
    await handle.terminate();
  }
});

test('a require inside a workflow function fails the workflow task', async (t) => {
  const { client, name } = await serve(t, { workflows: ['Read'], code: "exports.Read = async () => require('node:fs').readFileSync('/etc/passwd');" });
  const handle = await client.workflow.start('Read', { taskQueue: name, workflowId: unique('run'), args: [] });
  assert.equal(await taskFailure(handle), `Read.js of build 'A' of deployment '${name}' requires 'node:fs': workflow code can require only '@temporalio/workflow'`);
  await handle.terminate();
});

const FAILING = `${WF}
function inner() {
  throw wf.ApplicationFailure.nonRetryable('broken');
}
exports.Fail = async () => {
  await wf.sleep(1);
  inner();
};`;

test('stack traces point to lines of the generated file', async (t) => {
  const { client, name } = await serve(t, { workflows: ['Fail'], code: FAILING });
  const { stack } = await failureOf(run(client, name, 'Fail'));
  assert.match(stack ?? '', /at inner \(Fail\.js:4:30\)\n\s+at (exports\.)?Fail \(Fail\.js:8:2\)/);
});

test('stack traces follow the source map where it has a place, with the node if it names one, and the generated file elsewhere', async (t) => {
  const { client, name } = await serve(t, {
    workflows: ['Fail', 'FailToo'],
    code: `${FAILING}\nexports.FailToo = async () => exports.Fail();`,
    // Line 4, from column 0 on: line 12, column 5 of the definition; nothing else is mapped.
    sourceMap: { version: 3, sources: ['builder.yaml'], names: ['node-7'], mappings: ';;;AAWKA' },
  });
  const { stack } = await failureOf(run(client, name, 'Fail'));
  assert.match(stack ?? '', /at node-7 \(builder\.yaml:12:5\)\n\s+at (exports\.)?Fail \(Fail\.js:8:2\)/);
  const other = await failureOf(run(client, name, 'FailToo'));
  assert.match(other.stack ?? '', /at inner \(FailToo\.js:4:30\)\n\s+at Object\.Fail \(FailToo\.js:8:2\)/);
});

test('an activity that makes heartbeats hears of its cancellation soon, also without a heartbeat timeout', async (t) => {
  const { client, name } = await serve(t, {
    workflows: ['Cancel'],
    code: `${WF}
      const options = { startToCloseTimeout: '10m', retry: { maximumAttempts: 1 }, cancellationType: 'WAIT_CANCELLATION_COMPLETED' };
      const outcome = async (more) => {
        try {
          return await wf.CancellationScope.cancellable(async () => {
            const running = wf.proxyActivities({ ...options, ...more }).beat();
            await wf.sleep('1s'); // Until heartbeats are throttled.
            wf.CancellationScope.current().cancel();
            return await running;
          });
        } catch (error) {
          return wf.isCancellation(error) ? 'cancelled' : String(error);
        }
      };
      exports.Cancel = async () => Promise.all([outcome({}), outcome({ heartbeatTimeout: '5m' })]);`,
    // Gives up long before what the SDK's own intervals are (30 s, and 80 % of the timeout up to 60 s).
    activities: `
      const { setTimeout } = require('node:timers/promises');
      exports.beat = async () => {
        const context = globalThis[Symbol.for('__temporal_activity_context_storage__')].getStore();
        for (let n = 0; n < 200; n++) { context.heartbeat(n); await Promise.race([context.cancelled, setTimeout(100)]); }
        return 'heard nothing';
      };`,
    names: ['beat'],
  });
  assert.deepEqual(await run(client, name, 'Cancel'), ['cancelled', 'cancelled']);
});

test('only the listed activities are registered', async (t) => {
  const { client, name } = await serve(t, {
    workflows: ['Call'],
    code: `${WF}
      exports.Call = async () => wf.proxyActivities({ startToCloseTimeout: '1m', retry: { maximumAttempts: 1 } }).hidden().catch((error) => error.cause.message);`,
    activities: 'exports.open = async () => 1; exports.hidden = async () => 2;',
    names: ['open'],
  });
  // The worker's own one answers whether another version takes a state.
  assert.equal(await run(client, name, 'Call'), 'Activity function hidden is not registered on this Worker, available activities: ["open","warplineForms"]');
});

test('a version of activities alone', async (t) => {
  const { client, name } = await serve(t, { activities: 'exports.greet = async (who) => `hello ${who}`;', names: ['greet'] });
  const caller = await serve(t, {
    workflows: ['Call'],
    code: `${WF}exports.Call = async (taskQueue) => wf.proxyActivities({ startToCloseTimeout: '1m', taskQueue }).greet('you');`,
  });
  assert.equal(await run(client, caller.name, 'Call', name), 'hello you');
});

test('stdout carries events only; what workflows and activities print is logged with who and which build', async (t) => {
  const { client, name, worker } = await serve(t, {
    workflows: ['Talk'],
    code: `${WF}
      exports.Talk = async () => {
        console.log('from the workflow', { n: 1 });
        await wf.sleep(1);
        return wf.proxyActivities({ startToCloseTimeout: '1m' }).talk();
      };`,
    activities: `exports.talk = async () => { console.warn('from the activity %d', 2); process.stdout.write('and its stdout\\n'); };`,
    names: ['talk'],
  });
  const handle = await client.workflow.start('Talk', { taskQueue: name, workflowId: unique('run'), args: [] });
  await handle.result();
  worker.kill('SIGTERM');
  assert.equal(await worker.ended, 0);
  assert.deepEqual(worker.events().map((e) => e['event']), ['listening', 'ready', 'stopping', 'stopped']);
  const about = { workflowId: handle.workflowId, runId: handle.firstExecutionRunId, workflowType: 'Talk', buildId: 'A' };
  const said = (message: string) => {
    const lines = worker.log().filter((line) => line.message === message);
    assert.equal(lines.length, 1, `'${message}' is logged ${lines.length} times`);
    const { level, activityType, ...line } = lines[0]!;
    return { level, activityType, ...Object.fromEntries(Object.keys(about).map((key) => [key, line[key]])) };
  };
  assert.deepEqual(said('from the workflow {"n":1}'), { level: 'info', activityType: undefined, ...about });
  assert.deepEqual(said('from the activity 2'), { level: 'warn', activityType: 'talk', ...about });
  assert.deepEqual(said('and its stdout'), { level: 'info', activityType: 'talk', ...about });
});
