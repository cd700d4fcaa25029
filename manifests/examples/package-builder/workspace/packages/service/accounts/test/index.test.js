'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { accounts } = require('../lib/index.js');

test('a registered user can sign in', () => {
  const service = accounts();
  assert.equal(service.register('Ada').value, 'user-000001');
  assert.equal(service.signIn('Ada').value, 'session-000001');
});
