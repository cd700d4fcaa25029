// The small parts without files or processes: bounded output and semantic versions.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedOutput } from '../dist/bounded-output.js';
import { compareVersions, satisfies } from '../dist/semantic-version.js';

function collect(limit: number, ...chunks: Buffer[]): string {
  const output = new BoundedOutput(limit);
  for (const chunk of chunks) output.add(chunk);
  return output.text();
}

test('output within the limit is kept as it is, even when characters are cut between chunks', () => {
  const bytes = Buffer.from('Grüße 🙂\n');
  assert.equal(collect(256, ...[...bytes].map((byte) => Buffer.from([byte]))), 'Grüße 🙂\n');
  assert.equal(collect(256), '');
});

test('output beyond the limit is never longer than it, whatever the characters and the chunks', () => {
  for (const text of ['a', 'ä', '…', '🙂', 'aä…🙂']) {
    for (const chunkSize of [1, 7, 1000]) {
      const bytes = Buffer.from(text.repeat(2000));
      const chunks = Array.from({ length: Math.ceil(bytes.length / chunkSize) }, (_, index) =>
        bytes.subarray(index * chunkSize, (index + 1) * chunkSize),
      );
      const kept = collect(512, ...chunks);
      assert.ok(Buffer.byteLength(kept) <= 512);
      assert.doesNotMatch(kept, /[\uFFFD?]/);
      const left = Number(/\[(\d+) bytes left out\]/.exec(kept)?.[1]);
      const marker = `\n[${left} bytes left out]\n`;
      assert.equal(Buffer.byteLength(kept) - marker.length + left, bytes.length);
    }
  }
});

test('bytes that are no text do not make the output longer', () => {
  assert.ok(Buffer.byteLength(collect(512, Buffer.alloc(4000, 0xff))) <= 512);
});

test('versions are compared by number', () => {
  assert.ok(compareVersions('1.10.0', '1.9.9') > 0);
  assert.ok(compareVersions('1.0.1', '1.1.0') < 0);
  assert.equal(compareVersions('2.0.0', '2.0.0'), 0);
  assert.throws(() => compareVersions('1.0', '1.0.0'), /"1\.0" is not a released version/);
});

test('ranges', () => {
  const table: [string, string, boolean][] = [
    ['1.2.3', '1.2.3', true],
    ['1.2.4', '1.2.3', false],
    ['1.9.0', '^1.2.3', true],
    ['1.2.2', '^1.2.3', false],
    ['2.0.0', '^1.2.3', false],
    ['0.2.9', '^0.2.3', true],
    ['0.3.0', '^0.2.3', false],
    ['0.0.3', '^0.0.3', true],
    ['0.0.4', '^0.0.3', false],
    ['1.2.9', '~1.2.3', true],
    ['1.3.0', '~1.2.3', false],
    ['0.0.1', '*', true],
  ];
  for (const [version, range, expected] of table) assert.equal(satisfies(version, range), expected, `${version} in ${range}`);
});
