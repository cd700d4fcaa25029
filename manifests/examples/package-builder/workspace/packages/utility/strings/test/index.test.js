'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { kebabCase, titleCase, truncate } = require('../lib/index.js');

test('cases', () => {
  assert.equal(kebabCase('Hello, World 2'), 'hello-world-2');
  assert.equal(titleCase('hello-world'), 'Hello World');
});

test('a long text is cut', () => {
  assert.equal(truncate('workspace', 5), 'work…');
});
