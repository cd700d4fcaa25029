'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { heldClock } = require('@acme/clock');
const { cache } = require('../lib/index.js');

test('an entry lives as long as it should, and no longer', () => {
  const clock = heldClock(0);
  const store = cache(100, clock);
  const expired = [];
  store.on('expired', (key) => expired.push(key));
  store.set('a', 1);
  clock.advance(99);
  assert.equal(store.get('a'), 1);
  clock.advance(1);
  assert.equal(store.get('a'), undefined);
  assert.deepEqual(expired, ['a']);
});
