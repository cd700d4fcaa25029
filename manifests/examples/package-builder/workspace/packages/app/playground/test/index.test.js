'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { attempt } = require('../lib/index.js');

test('it works', () => {
  assert.equal(attempt().value, 'something');
});
