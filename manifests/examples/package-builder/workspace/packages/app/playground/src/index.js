'use strict';

const { ok } = require('@acme/result');

/** Whatever is being tried at the moment. */
function attempt() {
  return ok('something');
}

module.exports = { attempt };
