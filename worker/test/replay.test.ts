// replay.js on histories of a real server: good ones, incompatible code, files that are no histories.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { SourceMapGenerator } from 'source-map';
import { address, bundle, folder, Program, serve, temporalCli, unique, versionDir, type VersionSketch } from './lab.js';

const wait = (first: string, second: string): VersionSketch => ({
  workflows: ['Wait'],
  code: `
    const wf = require('@temporalio/workflow');
    const { greet } = wf.proxyActivities({ startToCloseTimeout: '1m' });
    exports.Wait = async () => { await ${first}; return ${second}; };`,
  activities: "exports.greet = async () => 'hello';",
  names: ['greet'],
});
const TIMER_FIRST = wait('wf.sleep(1)', 'greet()');
const ACTIVITY_FIRST = wait('greet()', 'wf.sleep(1)');

interface Outcome {
  readonly code: number | string;
  readonly lines: { history: string; ok: boolean; eventId?: number; eventType?: string; node?: string; error?: string }[];
  readonly log: Record<string, unknown>[];
}

async function replay(t: TestContext, version: string, histories: readonly string[]): Promise<Outcome> {
  const program = new Program(t, 'replay', ['--bundle', bundle, '--version', version, ...histories]);
  const code = await program.ended;
  return { code, lines: program.events() as unknown as Outcome['lines'], log: program.log() };
}

/** A finished execution of TIMER_FIRST, as `temporal workflow show --output json` prints it. */
async function recorded(t: TestContext): Promise<{ dir: string; file: string; json: string }> {
  const { client, name } = await serve(t, TIMER_FIRST);
  const workflowId = unique('run');
  await client.workflow.execute('Wait', { taskQueue: name, workflowId, args: [] });
  const { stdout, stderr } = spawnSync(temporalCli, ['workflow', 'show', '--address', address, '--workflow-id', workflowId, '--output', 'json'], { encoding: 'utf8' });
  assert.equal(stderr, '');
  const dir = await folder(t);
  const file = join(dir, 'history.json');
  await writeFile(file, stdout);
  return { dir, file, json: stdout };
}

test('histories in both forms replay on the code that made them, and not on code that does otherwise', async (t) => {
  const { dir, file, json } = await recorded(t);
  const response = join(dir, 'response.json');
  await writeFile(response, JSON.stringify({ history: JSON.parse(json), rawHistory: [], nextPageToken: '', archived: false }));

  const same = await versionDir(t, { ...TIMER_FIRST, buildId: 'B' });
  const good = await replay(t, same, [file, response, file]);
  assert.deepEqual(good.lines, [file, response, file].map((history) => ({ history, ok: true })));
  assert.equal(good.code, 0);

  const other = await replay(t, await versionDir(t, ACTIVITY_FIRST), [file, response]);
  assert.equal(other.code, 1);
  assert.deepEqual(other.lines.map(({ history, ok }) => ({ history, ok })), [file, response].map((history) => ({ history, ok: false })));
  for (const { eventId, eventType, error } of other.lines) {
    assert.deepEqual([eventId, eventType], [5, 'TimerStarted']);
    assert.equal(error, "event 5 (TimerStarted): the code schedules the activity 'greet' at Wait.js:4:39: [TMPRL1100] Nondeterminism error: Activity machine does not handle this event: HistoryEvent(id: 5, TimerStarted)");
  }
});

test('a good history after one that fails is still replayed', async (t) => {
  const { file, dir, json } = await recorded(t);
  const changed = join(dir, 'changed.json');
  await writeFile(changed, json.replaceAll('"greet"', '"grumble"'));
  const { code, lines } = await replay(t, await versionDir(t, TIMER_FIRST), [changed, file]);
  assert.equal(code, 1);
  assert.deepEqual(lines.map(({ ok }) => ok), [false, true]);
  assert.match(lines[0]?.error ?? '', /Nondeterminism error: .*grumble.*greet/);
});

test('workflow code that throws in replay', async (t) => {
  const { file } = await recorded(t);
  const { code, lines } = await replay(t, await versionDir(t, { workflows: ['Wait'], code: 'exports.Wait = async () => { undefined.x; };' }), [file]);
  assert.equal(code, 1);
  const error = "event 3 (WorkflowTaskStarted): the code throws at Wait.js:1:40: Cannot read properties of undefined (reading 'x')";
  assert.deepEqual(lines, [{ history: file, ok: false, eventId: 3, eventType: 'WorkflowTaskStarted', error }]);
});

test('a history of a workflow that the version lacks', async (t) => {
  const { file } = await recorded(t);
  const dir = await versionDir(t, { name: 'engine', workflows: ['Other'], code: 'exports.Other = async () => 1;' });
  const { code, lines } = await replay(t, dir, [file]);
  assert.equal(code, 1);
  assert.deepEqual(lines, [{ history: file, ok: false, error: "workflow type 'Wait' is not in build 'A' of deployment 'engine'; it has: Other" }]);
});

/** A workflow of several steps; a change is a step in place of another. */
function steps(changes: Readonly<Record<number, string>> = {}): VersionSketch {
  const lines = [
    "const wf = require('@temporalio/workflow');",
    "const { greet, grumble } = wf.proxyActivities({ startToCloseTimeout: '1m' });",
    'exports.Part = exports.Other = async () => 1;',
    'exports.Steps = async () => {',
    "await wf.condition(() => true, '1h');", // Starts a timer and takes it back at once: no event.
    "await greet('one');",
    'await wf.sleep(1);',
    "await wf.executeChild('Part');",
    "await Promise.all([greet('two'), greet('three')]);",
    'return 1; };',
  ].map((line, i) => changes[i + 1] ?? line);
  const map = new SourceMapGenerator();
  lines.forEach((_, i) => map.addMapping({ generated: { line: i + 1, column: 0 }, source: 'steps.yaml', original: { line: 100 + i, column: 1 }, name: `node-${i + 1}` }));
  return {
    workflows: ['Steps', 'Part', 'Other'],
    code: lines.join('\n'),
    sourceMap: JSON.parse(map.toString()) as object,
    activities: 'exports.greet = exports.grumble = async () => 1;',
    names: ['greet', 'grumble'],
  };
}

const CHANGES: readonly [what: string, changes: Readonly<Record<number, string>>, event: string, node: string | undefined, does: string][] = [
  ['another activity', { 6: "await grumble('one');" }, '5 ActivityTaskScheduled', 'node-6', "schedules the activity 'grumble' at node 'node-6' (steps.yaml:105:1)"],
  ['one step less', { 7: '' }, '11 TimerStarted', 'node-8', "starts the child workflow 'Part' at node 'node-8' (steps.yaml:107:1)"],
  ['another child', { 8: "await wf.executeChild('Other');" }, '16 StartChildWorkflowExecutionInitiated', 'node-8', "starts the child workflow 'Other' at node 'node-8' (steps.yaml:107:1)"],
  ['an activity less in a group', { 9: "await Promise.all([greet('two')]); await wf.sleep(1);" }, '26 ActivityTaskScheduled', undefined, 'does nothing'],
  ['an earlier end', { 8: 'return 2;' }, '16 StartChildWorkflowExecutionInitiated', undefined, 'completes'],
  ['no progress', { 7: 'await wf.condition(() => false);' }, '11 TimerStarted', undefined, 'does nothing'],
  ['an exception', { 8: 'undefined.x;' }, '14 WorkflowTaskStarted', 'node-8', "throws at node 'node-8' (steps.yaml:107:1)"],
  ['one step more', { 10: 'await wf.sleep(5); return 1; };' }, 'WorkflowExecutionCompleted', 'node-10', "starts a timer at node 'node-10' (steps.yaml:109:1)"],
];
test('each change that a history does not go with is told with the event, what the code does, and the node', async (t) => {
  const { client, name } = await serve(t, steps());
  const workflowId = unique('run');
  await client.workflow.execute('Steps', { taskQueue: name, workflowId, args: [] });
  const { stdout } = spawnSync(temporalCli, ['workflow', 'show', '--address', address, '--workflow-id', workflowId, '--output', 'json'], { encoding: 'utf8' });
  const file = join(await folder(t), 'history.json');
  await writeFile(file, stdout);
  assert.deepEqual((await replay(t, await versionDir(t, steps({ 10: 'return 1; /* the same */ };' })), [file])).lines, [{ history: file, ok: true }]);
  for (const [what, changes, event, node, does] of CHANGES) {
    const { code, lines } = await replay(t, await versionDir(t, steps(changes)), [file]);
    const { eventId, eventType, node: told, error } = lines[0] ?? { history: '', ok: true };
    assert.equal(code, 1, what);
    assert.ok(`${eventId} ${eventType}`.endsWith(event), `${what}: ${eventId} ${eventType}: ${error}`);
    assert.equal(told, node, `${what}: ${error}`);
    assert.ok(error?.startsWith(`event ${eventId} (${eventType}): the code ${does}: `), `${what}: ${error}`);
  }
});

const NO_HISTORIES: readonly [text: string, error: RegExp][] = [
  ['{', /^the file isn't JSON: /],
  ['null', /^the file is not a history: it has no events \(nor history\.events\)$/],
  ['{"events": []}', /^the file is not a history: it has no events/],
  ['{"events": [7]}', /^the file is not a history: /],
  ['{"events": [{"eventId": "1", "eventType": "EVENT_TYPE_TIMER_FIRED", "timerFiredEventAttributes": {}}]}', /^the file is not a history: its first event is not WorkflowExecutionStarted/],
  ['{"history": {"events": [{}]}, "nextPageToken": "abc"}', /^the file is only one page of a history: nextPageToken is not empty/],
];
test('files that are no histories', async (t) => {
  const dir = await folder(t);
  const files = await Promise.all(
    NO_HISTORIES.map(async ([text], i) => {
      const file = join(dir, `${i}.json`);
      await writeFile(file, text);
      return file;
    }),
  );
  const missing = join(dir, 'missing.json');
  const { code, lines } = await replay(t, await versionDir(t, TIMER_FIRST), [...files, missing]);
  assert.equal(code, 1);
  assert.deepEqual(lines.map(({ history, ok }) => ({ history, ok })), [...files, missing].map((history) => ({ history, ok: false })));
  NO_HISTORIES.forEach(([, error], i) => assert.match(lines[i]?.error ?? '', error));
  assert.equal(lines.at(-1)?.error, "the file can't be read: no such file or directory");
});

test('a version without workflows, or a version directory that is none, exits with 2', async (t) => {
  const activities = await versionDir(t, { activities: 'exports.greet = () => 1;', names: ['greet'] });
  for (const dir of [activities, join(activities, 'none')]) {
    const { code, lines, log } = await replay(t, dir, ['history.json']);
    assert.equal(code, 2);
    assert.deepEqual(lines, []);
    assert.deepEqual(log.map(({ level, file }) => ({ level, file })), [{ level: 'error', file: join(dir, 'version.json') }]);
  }
});
