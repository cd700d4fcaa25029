'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { idMaker, prefixOf } = require('../lib/index.js');

test('ids count up', () => {
  const next = idMaker('order');
  assert.deepEqual([next(), next()], ['order-000001', 'order-000002']);
});

test('the prefix can hold dashes', () => {
  assert.equal(prefixOf('sales-order-000001'), 'sales-order');
});
