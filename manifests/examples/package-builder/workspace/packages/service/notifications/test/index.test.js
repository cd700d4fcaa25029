'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { notifications } = require('../lib/index.js');

test('a customer who cannot be reached is logged', () => {
  const lines = [];
  const send = () => ({ ok: false, reason: 'down' });
  notifications({ attempts: '2' }, send, (line) => lines.push(line)).emit('notify', 'ada');
  assert.equal(lines.length, 3);
  assert.match(lines[2], /error: ada was not reached/);
});
