// replay.js on the open executions of a real server: those that would move to a new version, and only those.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { summaryText, type Summary } from '../src/replay-summary.js';
import { address, bundle, eventually, folder, Program, serve, unique, versionDir, type VersionSketch } from './lab.js';

/** Two workflows that move to new versions and one that stays; each greets, waits for `go`, and then does `after`. */
function waiting(greet: string, after: string): VersionSketch {
  return {
    workflows: ['Move', 'MoveToo', 'Stay'],
    code: `
      const wf = require('@temporalio/workflow');
      const { greet, grumble } = wf.proxyActivities({ startToCloseTimeout: '1m' });
      const workflow = () => async () => {
        let go = false;
        wf.setHandler(wf.defineSignal('go'), () => { go = true; });
        ${greet}
        await wf.condition(() => go);
        ${after}
      };
      exports.Move = workflow();
      exports.MoveToo = workflow();
      exports.Stay = workflow();
      for (const moves of [exports.Move, exports.MoveToo]) wf.setWorkflowOptions({ versioningBehavior: 'AUTO_UPGRADE' }, moves);`,
    activities: 'exports.greet = exports.grumble = async () => 1;',
    names: ['greet', 'grumble'],
  };
}
const FIRST = waiting('await greet();', 'return 1;');
const COMPATIBLE = waiting('await greet();', 'return grumble();');
const INCOMPATIBLE = waiting('await grumble();', 'return 1;');

interface Scene {
  readonly client: Client;
  readonly name: string;
  readonly worker: Program;
  /** Open executions that have greeted, by workflow type; the last one of Move was started last. */
  readonly open: Readonly<Record<'Move' | 'MoveToo' | 'Stay', WorkflowHandle[]>>;
}

async function scene(t: TestContext): Promise<Scene> {
  // A name that has to be quoted in the server's list language.
  const { client, name, worker } = await serve(t, FIRST, [], unique("it's"));
  const start = async (type: string) => {
    const handle = await client.workflow.start(type, { taskQueue: name, workflowId: unique(type), args: [] });
    await eventually(async () => ((await handle.fetchHistory()).events?.some((e) => e.activityTaskCompletedEventAttributes) ? true : undefined));
    return handle;
  };
  const [stay, ended, first, too, last] = [await start('Stay'), await start('Move'), await start('Move'), await start('MoveToo'), await start('Move')];
  await ended.signal('go');
  await ended.result();
  // The server's index is a moment behind.
  const indexed = `TaskQueue = '${name.replace("'", "''")}' AND ExecutionStatus = 'Running' AND TemporalWorkflowVersioningBehavior`;
  await eventually(async () => {
    const [moving, all] = [await client.workflow.count(`${indexed} = 'AutoUpgrade'`), await client.workflow.count(`${indexed} IS NOT NULL`)];
    return moving.count === 3 && all.count === 4 ? true : undefined;
  });
  return { client, name, worker, open: { Move: [first, last], MoveToo: [too], Stay: [stay] } };
}

interface Line {
  readonly workflowId: string;
  readonly runId: string;
  readonly workflowType: string;
  readonly ok: boolean;
  readonly error?: string;
}

interface Outcome {
  readonly code: number | string;
  /** In the order of workflow IDs. */
  readonly lines: readonly Line[];
  readonly summary: Summary;
  /** What the file of --summary holds. */
  readonly file: Summary;
  readonly log: Record<string, unknown>[];
}

async function replayOpen(t: TestContext, version: string, deployment: string, flags: readonly string[] = [], at = address): Promise<Outcome> {
  const summaryFile = join(await folder(t), 'termination-log');
  await writeFile(summaryFile, '');
  const program = new Program(t, 'replay', ['--bundle', bundle, '--version', version, '--address', at, '--namespace', 'default', '--open-on', deployment, '--summary', summaryFile, ...flags]);
  const code = await program.ended;
  const lines = program.events() as unknown as (Line | Summary)[];
  const file = JSON.parse(await readFile(summaryFile, 'utf8')) as Summary;
  const summary = lines.pop() as Summary | undefined;
  return { code, lines: (lines as Line[]).sort((a, b) => (a.workflowId < b.workflowId ? -1 : 1)), summary: summary ?? file, file, log: program.log() };
}

function lineOf(handle: WorkflowHandle, workflowType: string, ok: boolean): Omit<Line, 'runId'> {
  return { workflowId: handle.workflowId, workflowType, ok };
}

test('executions that would move are replayed on a version: one that they go with, one that they do not, one without their type', async (t) => {
  const { client, name, worker, open } = await scene(t);
  const [first, last] = open.Move as [WorkflowHandle, WorkflowHandle];
  const [too] = open.MoveToo as [WorkflowHandle];
  const inOrder = (lines: Omit<Line, 'runId'>[]) => lines.sort((a, b) => (a.workflowId < b.workflowId ? -1 : 1));
  const bare = ({ lines }: Outcome) => lines.map(({ workflowId, workflowType, ok }) => ({ workflowId, workflowType, ok }));

  const compatible = await versionDir(t, { ...COMPATIBLE, name, buildId: 'B' });
  const good = await replayOpen(t, compatible, name);
  assert.deepEqual(good.summary, { replayed: 3, failed: 0 });
  assert.deepEqual(good.file, good.summary);
  assert.equal(good.code, 0);
  assert.deepEqual(bare(good), inOrder([lineOf(first, 'Move', true), lineOf(last, 'Move', true), lineOf(too, 'MoveToo', true)]));

  const bad = await replayOpen(t, await versionDir(t, { ...INCOMPATIBLE, name, buildId: 'C' }), name, ['--types', 'Move,Other']);
  assert.equal(bad.code, 1);
  assert.deepEqual(bare(bad), inOrder([lineOf(first, 'Move', false), lineOf(last, 'Move', false)]));
  const { first: failure, ...counts } = bad.summary;
  assert.deepEqual(counts, { replayed: 2, failed: 2 });
  assert.deepEqual(bad.file, bad.summary);
  const { error, ...where } = failure ?? { error: '' };
  const { runId } = await last.describe();
  assert.deepEqual(where, { workflowId: last.workflowId, runId, workflowType: 'Move', eventId: 5, eventType: 'ActivityTaskScheduled' });
  assert.match(error, /^event 5 \(ActivityTaskScheduled\): the code schedules the activity 'grumble' at Move\.js:7:14: .*Nondeterminism error: Activity type of scheduled event 'greet' does not match activity type of activity command 'grumble'$/);

  for (const [limit, expected] of [['1', [lineOf(first, 'Move', true)]], ['2', [lineOf(first, 'Move', true), lineOf(last, 'Move', true)]]] as const) {
    const some = await replayOpen(t, compatible, name, ['--limit', limit]);
    assert.deepEqual([some.code, some.summary, bare(some)], [0, { replayed: Number(limit), failed: 0 }, inOrder([...expected])]);
  }

  const lacking = await replayOpen(t, await versionDir(t, { ...COMPATIBLE, name, buildId: 'D', workflows: ['Move', 'Stay'] }), name);
  assert.deepEqual([lacking.code, lacking.summary.replayed, lacking.summary.failed], [1, 3, 1]);
  assert.equal(lacking.summary.first?.error, `workflow type 'MoveToo' is not in build 'D' of deployment '${name}'; it has: Move, Stay`);

  // A workflow task that nobody does: its events are there, and are not replayed.
  worker.kill('SIGTERM');
  await worker.ended;
  await first.signal('go');
  await eventually(async () => ((await first.fetchHistory()).events?.at(-1)?.workflowTaskScheduledEventAttributes ? true : undefined));
  const undone = await replayOpen(t, compatible, name);
  assert.deepEqual([undone.code, undone.summary], [0, { replayed: 3, failed: 0 }]);
  for (const handle of Object.values(open).flat()) await client.workflow.getHandle(handle.workflowId).terminate();
});

test('a deployment without executions', async (t) => {
  const { code, lines, summary, file } = await replayOpen(t, await versionDir(t, FIRST), unique('none'));
  assert.deepEqual([code, lines, summary, file], [0, [], { replayed: 0, failed: 0 }, { replayed: 0, failed: 0 }]);
});

test('a replay that could not be done exits with 3 and says why, also in the summary', async (t) => {
  const { code, lines, file, log } = await replayOpen(t, await versionDir(t, FIRST), 'engine', [], '127.0.0.1:1');
  assert.deepEqual([code, lines, file.replayed, file.failed], [3, [], 0, 0]);
  assert.match(file.error ?? '', /Connection refused/);
  assert.match(String(log.at(-1)?.['message']), /^The replay could not be done: .*Connection refused/);
});

test('a version that is none exits with 2 and says why in the summary', async (t) => {
  const dir = await versionDir(t, { ...FIRST, code: 'exports.' });
  const { code, file } = await replayOpen(t, dir, 'engine');
  assert.equal(code, 2);
  assert.match(file.error ?? '', /Move\.js: line 1: isn't JavaScript/);
});

test('a summary is no longer than a termination message, and keeps who failed and where', () => {
  const first = { workflowId: 'w'.repeat(1000), runId: 'r', workflowType: 'T', eventId: 7, eventType: 'TimerStarted', error: '"ä"'.repeat(5000) };
  const text = summaryText({ replayed: 9, failed: 1, first, error: 'e'.repeat(9000) });
  assert.ok(Buffer.byteLength(text) <= 4096);
  const { first: kept, error } = JSON.parse(text) as Summary;
  assert.deepEqual({ ...kept, error: '' }, { ...first, error: '' });
  assert.match(kept?.error ?? '', /^("ä")+"?ä?"?…$/);
  assert.match(error ?? '', /^e{100,}…$/);
});

test('a summary that can not be written', async (t) => {
  const program = new Program(t, 'replay', ['--bundle', bundle, '--version', await versionDir(t, FIRST), '--address', address, '--namespace', 'default', '--open-on', unique('none'), '--summary', '/none/summary']);
  assert.equal(await program.ended, 2);
  assert.deepEqual(program.log().map(({ file, field, message }) => [file, field, message]), [['/none/summary', '--summary', "can't be written: no such file or directory"]]);
});

const FLAGS: readonly [args: readonly string[], problems: readonly string[]][] = [
  [[], ['HISTORY.json: is missing: name at least one history file, or a worker deployment with --open-on']],
  [['--open-on', 'engine', 'history.json', '--limit', 'all'], ['--open-on: is given, but history files too: name one or the other', '--address: is missing', '--namespace: is missing', "--limit: must be a whole number of at least 1, but is 'all'"]],
];
for (const [args, problems] of FLAGS) {
  test(`flags: ${args.join(' ') || '(none)'}`, async (t) => {
    const program = new Program(t, 'replay', ['--bundle', bundle, '--version', '/none', ...args]);
    assert.equal(await program.ended, 2);
    assert.deepEqual(program.log().map(({ field, message }) => `${String(field)}: ${message}`), problems);
  });
}
