'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { readConfig, readConfigWithDefaults } = require('../lib/index.js');

test('names become keys', () => {
  assert.deepEqual(readConfig({ 'data-dir': '/data' }, ['dataDir']).value, { dataDir: '/data' });
});

test('a missing setting is named', () => {
  assert.equal(readConfig({}, ['dataDir']).reason, 'data-dir is not set');
});

test('the environment comes before the defaults', () => {
  const config = readConfigWithDefaults({ port: '90' }, { port: '80', host: 'localhost' });
  assert.deepEqual(config.value, { port: '90', host: 'localhost' });
});
