'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { office } = require('../lib/index.js');

test('nobody adds an item without a name', () => {
  assert.equal(office({}, () => ({ ok: true })).addItem('', 'lamp').ok, false);
});
