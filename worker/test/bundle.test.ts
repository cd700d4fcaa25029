// The base bundle: what bundle.js tells of it, and that its bytes don't depend on where the program is installed.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { folder, Program } from './lab.js';

const PACKAGE = fileURLToPath(new URL('../../..', import.meta.url));

test('bundle.js tells file, SDK version and digest; another installation makes the same bytes', async (t) => {
  const out = join(await folder(t), 'base.js');
  const program = new Program(t, 'bundle', ['--out', out]);
  assert.equal(await program.ended, 0);
  const sha256 = createHash('sha256').update(await readFile(out)).digest('hex');
  assert.deepEqual(program.events(), [{ file: out, sdkVersion: '1.24.0', sha256 }]);

  // Beside the sources, so that hard links are possible.
  const other = await mkdtemp(join(PACKAGE, 'test', 'dist', 'installation-'));
  t.after(() => rm(other, { recursive: true, force: true }));
  for (const part of ['package.json', 'dist', 'node_modules']) execFileSync('cp', ['-al', join(PACKAGE, part), other]);
  const printed = execFileSync(process.execPath, [join(other, 'dist', 'bundle.js'), '--out', join(other, 'base.js')], { cwd: other, encoding: 'utf8' });
  assert.equal((JSON.parse(printed) as { sha256: string }).sha256, sha256);
});
