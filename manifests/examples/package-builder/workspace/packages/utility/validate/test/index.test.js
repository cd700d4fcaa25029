'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { text, wholeNumber, fields } = require('../lib/index.js');

test('an empty text is refused', () => {
  assert.equal(text('').ok, false);
  assert.equal(text('a').ok, true);
});

test('both ends of a range are in it', () => {
  assert.deepEqual([0, 1, 5, 6].map((value) => wholeNumber(value, 1, 5).ok), [false, true, true, false]);
});

test('a failure names its field', () => {
  assert.equal(fields({ name: '' }, { name: text }).reason, 'name: expected a text');
});
