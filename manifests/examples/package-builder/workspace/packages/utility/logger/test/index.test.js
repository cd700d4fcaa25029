'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { heldClock } = require('@acme/clock');
const { logger } = require('../lib/index.js');

test('a line holds time, level and message', () => {
  const lines = [];
  const log = logger((line) => lines.push(line), heldClock(1000));
  log.info('started');
  log.error('stopped');
  assert.deepEqual(lines, ['[1000] info: started', '[1000] error: stopped']);
});
