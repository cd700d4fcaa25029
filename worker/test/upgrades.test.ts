// Executions that go on on newer versions at continue-as-new, on a real server: where the state is taken, where not, and the way back.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { connect, eventually, makeCurrent, startWorker, unique, versionDir } from './lab.js';

/** What the compiler writes for a workflow that upgrades; it takes states of `own` and `earlier` forms, and goes on when signalled. */
function code(own: string, earlier: readonly string[] = []): string {
  return `const wf = require('@temporalio/workflow');
    const { warplineForms } = wf.proxyLocalActivities({ startToCloseTimeout: '10s', retry: { maximumAttempts: 3 } });
    const known = ${JSON.stringify([own, ...earlier])};
    const refused = (forms) => {
      wf.proxySinks().warpline.refused(forms);
      throw new Error('refused');
    };
    exports.Run = async (input, carried, forms) => {
      const state = !carried ? { seen: [], runs: 0 } : !forms || forms.some((form) => known.includes(form)) ? carried : refused(forms);
      let go = false;
      wf.setHandler(wf.defineSignal('add'), (n) => { state.seen.push(n); });
      wf.setHandler(wf.defineSignal('go'), () => { go = true; });
      wf.setHandler(wf.defineQuery('state'), () => ({ ...state, on: wf.workflowInfo().currentDeploymentVersion.buildId }));
      await wf.condition(() => go);
      const taken = await warplineForms('${own}').catch(() => null);
      await wf.condition(wf.allHandlersFinished);
      return wf.makeContinueAsNewFunc(taken ? { initialVersioningBehavior: 'AUTO_UPGRADE' } : {})(input, { ...state, runs: state.runs + 1 }, ['${own}', ...(taken ?? [])]);
    };`;
}

interface State {
  readonly seen: number[];
  readonly runs: number;
  readonly on: string;
}

class Lab {
  readonly client: Client;
  readonly name: string;

  private constructor(client: Client, name: string) {
    this.client = client;
    this.name = name;
  }

  /** Serves versions by their build IDs; the first is current. */
  static async of(t: TestContext, versions: Record<string, string>): Promise<Lab> {
    const name = unique('queue');
    const dirs = Object.entries(versions).map(([buildId, text]) => versionDir(t, { name, buildId, workflows: ['Run'], code: text }));
    await startWorker(t, await Promise.all(dirs));
    const client = await connect(t);
    await makeCurrent(client, name, Object.keys(versions)[0] ?? '');
    return new Lab(client, name);
  }

  async start(): Promise<WorkflowHandle> {
    const { workflowId } = await this.client.workflow.start('Run', { taskQueue: this.name, workflowId: unique('run'), args: [{}] });
    return this.client.workflow.getHandle(workflowId);
  }

  /** Says of a version which forms of states it takes, as what. */
  async takes(buildId: string, forms: Record<string, string>): Promise<void> {
    const data = Buffer.from(JSON.stringify({ Run: forms }));
    const deploymentVersion = { deploymentName: this.name, buildId };
    const upsertEntries = { 'warpline.dev/states': { metadata: { encoding: Buffer.from('json/plain') }, data } };
    await this.client.workflowService.updateWorkerDeploymentVersionMetadata({ namespace: 'default', deploymentVersion, identity: 'test', upsertEntries });
  }

  /** Lets the run continue as new; its state in the next one. */
  async next(handle: WorkflowHandle): Promise<State> {
    const { runs } = await state(handle);
    await handle.signal('go');
    return this.settled(handle, (now) => now.runs > runs);
  }

  /** The state, once it is as wanted and the run has done a task: before that, the version that it came from answers. */
  settled(handle: WorkflowHandle, wanted: (state: State) => boolean): Promise<State> {
    return eventually(async () => {
      const run = this.client.workflow.getHandle(handle.workflowId, (await handle.describe()).runId);
      const { events } = await run.fetchHistory();
      const hasBegun = events?.some(({ workflowTaskCompletedEventAttributes: completed }) => completed);
      const now = hasBegun ? await run.query<State>('state').catch(() => undefined) : undefined;
      return now !== undefined && wanted(now) ? now : undefined;
    });
  }

  async override(handle: WorkflowHandle): Promise<string | undefined> {
    const { raw } = await handle.describe();
    return raw.workflowExecutionInfo?.versioningInfo?.versioningOverride?.pinned?.version?.buildId ?? undefined;
  }
}

/** The state; asked again while a run is being replaced. */
function state(handle: WorkflowHandle): Promise<State> {
  return eventually(() => handle.query<State>('state').catch(() => undefined));
}

test('a run goes on on the current version that takes its state, stays where it does not, and follows a rollback', async (t) => {
  const lab = await Lab.of(t, { A: code('a'), B: code('b', ['a']), C: code('c'), D: code('a') });
  const run = await lab.start();
  assert.equal((await state(run)).on, 'A');

  await makeCurrent(lab.client, lab.name, 'B');
  assert.equal((await lab.next(run)).on, 'A', 'nobody said yet that B takes it');
  await lab.takes('B', { a: 'a' });
  assert.deepEqual(await lab.next(run), { seen: [], runs: 2, on: 'B' });

  await makeCurrent(lab.client, lab.name, 'C');
  await lab.takes('C', { a: 'c' });
  assert.equal((await lab.next(run)).on, 'B', 'C takes older states than that of B only');

  await makeCurrent(lab.client, lab.name, 'A');
  await lab.takes('A', {});
  assert.equal((await lab.next(run)).on, 'B', 'a rollback takes no newer state');
  await makeCurrent(lab.client, lab.name, 'D');
  await lab.takes('D', { b: 'a' });
  assert.deepEqual(await lab.next(run), { seen: [], runs: 5, on: 'D' });
});

test('a run that could begin on the ramping version goes on only where both take it', async (t) => {
  const lab = await Lab.of(t, { A: code('a'), B: code('a'), C: code('a') });
  const run = await lab.start();
  await state(run);
  await makeCurrent(lab.client, lab.name, 'B');
  await lab.client.workflowService.setWorkerDeploymentRampingVersion({ namespace: 'default', deploymentName: lab.name, buildId: 'C', percentage: 100, identity: 'test' });
  await lab.takes('B', { a: 'a' });
  assert.equal((await lab.next(run)).on, 'A');
  await lab.takes('C', { a: 'a' });
  assert.equal((await lab.next(run)).on, 'C');
});

test('a version that came in between gives the run back, with every signal, and the run upgrades later', async (t) => {
  const lab = await Lab.of(t, { A: code('a'), B: code('b', ['a']), C: code('c') });
  const run = await lab.start();
  await state(run);
  // What C says is not what it does, as if B had been current when the run asked.
  await lab.takes('C', { a: 'b' });
  await makeCurrent(lab.client, lab.name, 'C');
  await run.signal('add', 1);
  await run.signal('go');
  for (let n = 2; n <= 20; n++) await run.signal('add', n);

  const back = await lab.settled(run, ({ runs, seen }) => runs === 1 && seen.length === 20);
  assert.equal(back.on, 'A');
  assert.deepEqual(new Set(back.seen), new Set(Array.from({ length: 20 }, (_, n) => n + 1)));
  assert.equal(await lab.override(run), 'A', 'it is held there until it continues as new');

  await lab.takes('B', { a: 'a' });
  await makeCurrent(lab.client, lab.name, 'B');
  const upgraded = await lab.next(run);
  assert.deepEqual([upgraded.on, upgraded.runs, upgraded.seen.length], ['B', 2, 20]);
  assert.equal(await lab.override(run), undefined);
});

test('an execution that somebody pinned stays pinned', async (t) => {
  const lab = await Lab.of(t, { A: code('a'), B: code('a') });
  const run = await lab.start();
  await state(run);
  const { workflowExecutionInfo } = (await run.describe()).raw;
  await lab.client.workflowService.updateWorkflowExecutionOptions({
    namespace: 'default',
    workflowExecution: workflowExecutionInfo?.execution ?? {},
    workflowExecutionOptions: { versioningOverride: { pinned: { behavior: 1, version: { deploymentName: lab.name, buildId: 'A' } } } },
    updateMask: { paths: ['versioning_override'] },
    identity: 'somebody',
  });
  await lab.takes('B', { a: 'a' });
  await makeCurrent(lab.client, lab.name, 'B');
  assert.equal((await lab.next(run)).on, 'A');
  assert.equal(await lab.override(run), 'A');
});
