'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { catalog } = require('../lib/index.js');

test('a price is asked for once', () => {
  let asked = 0;
  const send = () => {
    asked += 1;
    return { ok: true, value: 12 };
  };
  const service = catalog({}, send);
  const id = service.add('lamp').value;
  assert.equal(service.priceOf(id), 12);
  assert.equal(service.priceOf(id), 12);
  assert.equal(asked, 1);
});
