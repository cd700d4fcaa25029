// Commits and pushes in a real repository.

import { CancelledFailure } from '@temporalio/activity';
import type { MockActivityEnvironment } from '@temporalio/testing';
import * as build from '@warpline-examples/package-builder-activities/build';
import type { CommitRequest, CommitResult } from '@warpline-examples/package-builder-activities/types';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { activityContext, inActivity, permanent, runIn, workspaceCopy } from './workspace-copy';

const paths = ['core/clock', 'core/result', 'core/ids', 'utility/retry'];

function git(folder: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd: folder, encoding: 'utf8' }).trim();
}

function readmeOf(workspaceRoot: string, path: string): string {
  return join(workspaceRoot, 'packages', path, 'README.md');
}

function commitOf(workspaceRoot: string, path: string): CommitRequest {
  return { workspaceRoot, packagePath: `packages/${path}`, message: `Change ${path}` };
}

function commit(workspaceRoot: string, path: string): Promise<CommitResult> {
  return inActivity(build.commitChanges, commitOf(workspaceRoot, path));
}

/** Waits until an activity has run git this many times: every run begins with a heartbeat. */
async function gitRuns(context: MockActivityEnvironment, times: number): Promise<void> {
  for (let run = 0; run < times; run += 1) await once(context, 'heartbeat');
}

test('four packages are committed and pushed at the same time, each in a commit of its own', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  for (const path of paths) await appendFile(readmeOf(workspaceRoot, path), 'More.\n');
  const results = await Promise.all(
    paths.map(async (path) => {
      const result = await commit(workspaceRoot, path);
      return [result.committed, (await inActivity(build.pushChanges, { workspaceRoot })).pushed];
    }),
  );
  assert.deepEqual(results, paths.map(() => [true, true]));
  const remote = join(workspaceRoot, 'remote.git');
  assert.equal(git(remote, 'rev-parse', 'main'), git(workspaceRoot, 'rev-parse', 'HEAD'));
  for (const path of paths) {
    const files = git(remote, 'log', '-1', '--format=%s', '--name-only', '--', `packages/${path}`);
    assert.deepEqual(files.split(/\n+/), [`Change ${path}`, `packages/${path}/README.md`]);
  }
  assert.equal(git(workspaceRoot, 'status', '--porcelain'), '');
});

test('a commit that was made is not made again, and is named again', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  await appendFile(readmeOf(workspaceRoot, 'core/clock'), 'More.\n');
  const first = await commit(workspaceRoot, 'core/clock');
  assert.deepEqual(first, { committed: true, commit: git(workspaceRoot, 'rev-parse', 'HEAD') });
  assert.deepEqual(await commit(workspaceRoot, 'core/clock'), { committed: false, commit: first.commit });
  assert.deepEqual(await inActivity(build.pushChanges, { workspaceRoot }), { pushed: true });
  assert.deepEqual(await inActivity(build.pushChanges, { workspaceRoot }), { pushed: true });
  assert.equal(git(workspaceRoot, 'rev-list', '--count', 'HEAD'), '2');
});

test('only what belongs to the package is committed: new and deleted files, and nothing of its neighbour', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  await appendFile(readmeOf(workspaceRoot, 'core/result'), 'More.\n');
  git(workspaceRoot, 'add', '--all');
  await rm(readmeOf(workspaceRoot, 'core/clock'));
  await writeFile(join(workspaceRoot, 'packages/core/clock/NOTES.md'), 'New.\n');
  await commit(workspaceRoot, 'core/clock');
  assert.deepEqual(git(workspaceRoot, 'show', '--format=', '--name-status', '--no-renames').split('\n'), [
    'A\tpackages/core/clock/NOTES.md',
    'D\tpackages/core/clock/README.md',
  ]);
  assert.equal(git(workspaceRoot, 'status', '--porcelain'), 'M  packages/core/result/README.md');
});

test("a commit waits for another program's lock", async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  await appendFile(readmeOf(workspaceRoot, 'core/clock'), 'More.\n');
  const lock = join(workspaceRoot, '.git/index.lock');
  await writeFile(lock, '');
  const context = activityContext();
  const committing = runIn(context, build.commitChanges, commitOf(workspaceRoot, 'core/clock'));
  await gitRuns(context, 3);
  await rm(lock);
  assert.equal((await committing).committed, true);
});

test('a commit that waits can be cancelled', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  await appendFile(readmeOf(workspaceRoot, 'core/clock'), 'More.\n');
  await writeFile(join(workspaceRoot, '.git/index.lock'), '');
  const context = activityContext();
  const committing = runIn(context, build.commitChanges, commitOf(workspaceRoot, 'core/clock'));
  committing.catch(() => undefined);
  await gitRuns(context, 3);
  context.cancel();
  await assert.rejects(committing, CancelledFailure);
});

test('a package that does not exist cannot be committed', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  await permanent(commit(workspaceRoot, 'core/missing'), 'PackageNotFound');
});

test('a push that fails says why, and may be tried again', async (t) => {
  const workspaceRoot = await workspaceCopy(t);
  await rm(join(workspaceRoot, 'remote.git'), { recursive: true });
  await assert.rejects(inActivity(build.pushChanges, { workspaceRoot }), (error: { type?: string; nonRetryable?: boolean; message: string }) => {
    assert.deepEqual([error.type, error.nonRetryable], ['GitFailed', false]);
    assert.match(error.message, /git push failed in .*remote\.git/s);
    return true;
  });
});
