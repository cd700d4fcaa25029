'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { ok, err, map, unwrap } = require('../lib/index.js');

test('map changes the value of a success', () => {
  assert.deepEqual(map(ok(2), (value) => value * 3), ok(6));
});

test('map leaves a failure alone', () => {
  assert.deepEqual(map(err('no'), () => 1), err('no'));
});

test('unwrap throws the reason of a failure', () => {
  assert.throws(() => unwrap(err('no disk')), /no disk/);
});
