'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { roundPrice } = require('../lib/index.js');

test('half a unit is rounded up, as customer A wants it', () => {
  assert.equal(roundPrice(2.5).value, 3);
});

test('half a unit is rounded to the even number, as customer B wants it', () => {
  assert.equal(roundPrice(2.5).value, 2);
});
