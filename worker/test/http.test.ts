// The HTTP port: /health, /ready with what is awaited, /metrics.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundle, eventually, launchWorker, Program, serve, unique, versionDir } from './lab.js';

const HELLO = { workflows: ['Hello'], code: 'exports.Hello = async () => 1;' };

async function get(worker: Program, path: string, method = 'GET'): Promise<{ status: number; body: string }> {
  const { http } = await worker.event('listening');
  const response = await fetch(`http://${http}${path}`, { method });
  return { status: response.status, body: await response.text() };
}

async function ready(worker: Program): Promise<[status: number, body: unknown]> {
  const { status, body } = await get(worker, '/ready');
  return [status, JSON.parse(body)];
}

test('/ready and /health of a worker that serves', async (t) => {
  const { worker } = await serve(t, HELLO);
  assert.deepEqual(await ready(worker), [200, { ready: true, awaited: [] }]);
  assert.deepEqual(await get(worker, '/health'), { status: 200, body: '{"healthy":true}\n' });
});

test('a worker without a server is healthy, not ready, and says what it waits for', async (t) => {
  const version = await versionDir(t, HELLO);
  const worker = new Program(t, 'main', ['--bundle', bundle, '--version', version, '--address', '127.0.0.1:1', '--namespace', 'default']);
  await worker.logged(({ message }) => message.startsWith('No connection'));
  assert.equal((await get(worker, '/health')).status, 200);
  const [status, body] = await ready(worker);
  assert.equal(status, 503);
  assert.match((body as { awaited: string[] }).awaited.join(), /^a connection to the Temporal server at 127\.0\.0\.1:1 \(.*Connection refused.*\)$/);
});

test('a version that the server does not register is not ready', async (t) => {
  // A name over the server's limit of 1000: it refuses the polls, and the SDK tries again.
  const dir = await versionDir(t, { ...HELLO, name: unique('d'.repeat(1000)) });
  const worker = launchWorker(t, [dir]);
  const awaited = await eventually(async () => {
    const [status, body] = await ready(worker);
    assert.equal(status, 503);
    const text = (body as { awaited: string[] }).awaited.join();
    return text.endsWith(')') ? text : undefined;
  });
  assert.match(awaited, /^the server to register build 'A' of deployment 'ddd.*' on task queue 'ddd.*' \(size of WorkerDeploymentName larger than the maximum allowed\)$/);
  assert.deepEqual(worker.events().map((e) => e['event']), ['listening']);
});

test('/metrics has the metrics of the SDK and of each version', async (t) => {
  const { worker, name, client } = await serve(t, HELLO);
  await client.workflow.execute('Hello', { taskQueue: name, workflowId: unique('run'), args: [] });
  const { status, body } = await get(worker, '/metrics');
  assert.equal(status, 200);
  const lines = body.split('\n');
  const labels = `{deployment_name="${name}",build_id="A",task_queue="${name}"}`;
  assert.ok(lines.includes(`warpline_worker_ready${labels} 1`), body);
  assert.ok(lines.includes(`warpline_worker_activities_in_flight${labels} 0`), body);
  assert.ok(lines.some((line) => line.startsWith('temporal_workflow_completed_total{') && line.endsWith(' 1')), body);
  assert.ok(lines.some((line) => /^process_resident_memory_bytes \d+$/.test(line)), body);
  const types = lines.filter((line) => line.startsWith('# TYPE ')).map((line) => line.split(' ')[2]);
  assert.deepEqual(types, [...new Set(types)], 'each metric is described once');
});

test('other paths and methods are refused', async (t) => {
  const { worker } = await serve(t, HELLO);
  assert.equal((await get(worker, '/')).status, 404);
  assert.equal((await get(worker, '/ready', 'POST')).status, 405);
});
