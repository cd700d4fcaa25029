'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { text } = require('@acme/validate');
const { storage } = require('../lib/index.js');

test('a record is found under its id', () => {
  const store = storage('item', { name: text });
  const id = store.add({ name: 'lamp' }).value;
  assert.equal(id, 'item-000001');
  assert.deepEqual(store.find(id).value, { name: 'lamp' });
});

test('a wrong record is refused', () => {
  assert.equal(storage('item', { name: text }).add({ name: '' }).reason, 'name: expected a text');
});

test('a missing record is named', () => {
  assert.equal(storage('item', {}).find('item-7').reason, 'no item has the id item-7');
});
