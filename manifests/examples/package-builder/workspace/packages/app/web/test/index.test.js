'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { shop } = require('../lib/index.js');

test('an offer has an id and a price, and the customer hears of it', () => {
  const urls = [];
  const send = (request) => {
    urls.push(request.url);
    return { ok: true, value: 12 };
  };
  const offer = shop({}, send, () => undefined).offer('lamp', 'ada');
  assert.deepEqual(offer, { id: 'item-000001', price: 12 });
  assert.deepEqual(urls, ['http://localhost/notify/ada', 'http://localhost/prices/item-000001']);
});
