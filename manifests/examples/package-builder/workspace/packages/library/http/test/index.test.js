'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { client } = require('../lib/index.js');

test('a request is tried again until it succeeds', () => {
  const lines = [];
  const answers = [{ ok: false, reason: 'busy' }, { ok: true, value: 'hello' }];
  const http = client({ 'base-url': 'http://shop' }, () => answers.shift(), (line) => lines.push(line));
  assert.deepEqual(http.get('/items'), { ok: true, value: 'hello' });
  assert.equal(lines.length, 2);
});

test('the base URL comes before the path', () => {
  const urls = [];
  const send = (request) => {
    urls.push(request.url);
    return { ok: true };
  };
  client({}, send, () => undefined).get('/items');
  assert.deepEqual(urls, ['http://localhost/items']);
});
