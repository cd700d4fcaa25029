'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { heldClock, formatDuration, systemClock } = require('../lib/index.js');

test('a held clock moves only when told', () => {
  const clock = heldClock(1000);
  clock.advance(250);
  assert.equal(clock.now(), 1250);
});

test('durations are readable', () => {
  assert.deepEqual([950, 2500, 180_000].map(formatDuration), ['950 ms', '2.5 s', '3 min']);
});

test('the system clock shows milliseconds since 1970', () => {
  assert.ok(systemClock().now() > 1_500_000_000_000);
});
