// What code tells of itself is answered, and nothing else changes: no events, the same order, the same history with and without it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { address, bundle, eventually, folder, Program, serve, temporalCli, unique, versionDir } from './lab.js';

const DRAWING = {
  nodes: [
    { id: 'both', type: 'parallel' },
    { id: 'go', type: 'signal', about: 'go' },
    { id: 'hold', type: 'wait', about: 'state.go' },
    { id: 'nap', type: 'timer', parent: 'both' },
    { id: 'work', type: 'activity', parent: 'both' },
  ],
  edges: [{ source: 'both', target: 'hold' }],
  redact: [['login', 'token'], ['list', '*', 'token']],
};

/** The same workflow; with `tells` it says where it is. The order in which its promises are seen is its result. */
function code(tells: boolean): string {
  const recorder = tells ? `require.inside(${JSON.stringify(DRAWING)})` : 'undefined';
  return `
    const { condition, defineSignal, proxyActivities, setHandler, sleep } = require('@temporalio/workflow');
    const $ = ${recorder};
    const $of = $?.of ?? ((node, promise) => promise);
    const { work } = proxyActivities({ startToCloseTimeout: '10s' });
    exports.Seen = async function Seen() {
      const order = [];
      const state = { go: false, order, login: { user: 'ada', token: 's3cret' }, list: [{ token: 's3cret' }], map: new Map([['k', new Set([1n])]]), pairs: new Map([[1, 2]]) };
      state.self = state;
      $?.state(() => state);
      setHandler(defineSignal('go'), () => { state.go = true; });
      $?.enter(0);
      await ($?.at(0), Promise.all([
        $of(3, ($?.enter(3), $?.at(3), sleep(200))).then(() => order.push('nap')),
        $of(4, ($?.enter(4), $?.at(4), work())).then(() => order.push('work')),
        (async () => { await null; order.push('first'); await null; order.push('second'); })(),
        Promise.resolve().then(() => order.push('then')),
      ]));
      $?.leave(0);
      $?.enter(2);
      await ($?.at(2, 'condition'), condition(() => state.go, '1h'));
      $?.leave(2);
      return order;
    };`;
}

const ACTIVITIES = { activities: 'exports.work = async () => "done";', names: ['work'] };

interface Position {
  status: string;
  nodes: { id: string; status: string; count: number; waits?: Record<string, unknown>[] }[];
  signals?: Record<string, { count: number }>;
}

test('an execution answers where it is, and its history is as without that', async (t) => {
  const { client, name } = await serve(t, { workflows: ['Seen'], code: code(true), ...ACTIVITIES });
  const handle = await client.workflow.start('Seen', { workflowId: unique('seen'), taskQueue: name });
  const position = await eventually(async () => {
    const now = await handle.query<Position>('warpline.position');
    return now.nodes.some(({ id, status }) => id === 'hold' && status === 'waiting') ? now : undefined;
  });
  assert.deepEqual(position.nodes.map(({ id, status }) => [id, status]), [['both', 'done'], ['nap', 'done'], ['work', 'done'], ['hold', 'waiting']]);
  assert.deepEqual(position.nodes[3]?.waits?.map((wait) => wait['for']), ['condition', 'timer']);
  assert.deepEqual(await handle.query('warpline.state'), {
    go: false,
    order: ['first', 'then', 'second', 'work', 'nap'],
    login: { user: 'ada', token: '[redacted]' },
    list: [{ token: '[redacted]' }],
    map: { k: ['1'] },
    pairs: [[1, 2]],
    self: '[circular]',
  });
  // Temporal's own query still leads to the code, through what looks at its commands.
  assert.match(await handle.query<string>('__stack_trace'), /Seen/);
  await handle.signal('go');
  assert.deepEqual(await handle.result(), ['first', 'then', 'second', 'work', 'nap']);
  const ended = await handle.query<Position>('warpline.position');
  assert.equal(ended.status, 'completed');
  assert.equal(ended.signals?.['go']?.count, 1);

  // The other code: what it does is the same, so the history replays on it.
  const shown = spawnSync(temporalCli, ['workflow', 'show', '--address', address, '--workflow-id', handle.workflowId, '--output', 'json'], { encoding: 'utf8' });
  const file = join(await folder(t), 'history.json');
  await writeFile(file, shown.stdout);
  const silent = await versionDir(t, { name, workflows: ['Seen'], code: code(false), ...ACTIVITIES });
  const replay = new Program(t, 'replay', ['--bundle', bundle, '--version', silent, file]);
  assert.equal(await replay.ended, 0, replay.stderr.join('\n'));
});

test('code that tells nothing has no standard queries', async (t) => {
  const { client, name } = await serve(t, { workflows: ['Seen'], code: code(false), ...ACTIVITIES });
  const handle = await client.workflow.start('Seen', { workflowId: unique('silent'), taskQueue: name });
  await assert.rejects(handle.query('warpline.position'), /warpline\.position/);
  await handle.signal('go');
  assert.deepEqual(await handle.result(), ['first', 'then', 'second', 'work', 'nap']);
});
