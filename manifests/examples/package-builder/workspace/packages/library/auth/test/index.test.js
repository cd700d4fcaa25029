'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { sessions } = require('../lib/index.js');

test('a session knows its user', () => {
  const all = sessions();
  const id = all.open('Ada Lovelace').value;
  assert.equal(all.userOf(id), 'ada-lovelace');
});

test('a user needs a name', () => {
  assert.equal(sessions().open('').ok, false);
});
