'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { err, ok } = require('@acme/result');
const { pauseAfter, retry, describePauses } = require('../lib/index.js');

test('every pause is twice the one before', () => {
  assert.deepEqual([1, 2, 3, 4].map((attempt) => pauseAfter(attempt, 100)), [100, 200, 400, 800]);
});

test('the last attempt counts', () => {
  const attempts = [];
  const result = retry(
    (attempt) => {
      attempts.push(attempt);
      return attempt === 3 ? ok('done') : err('not yet');
    },
    { maxAttempts: 3, firstPause: 10, pause: () => undefined },
  );
  assert.deepEqual(attempts, [1, 2, 3]);
  assert.deepEqual(result, ok('done'));
});

test('pauses are described', () => {
  assert.deepEqual(describePauses(3, 500), ['500 ms', '1 s']);
});
