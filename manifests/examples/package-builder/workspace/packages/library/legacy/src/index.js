'use strict';

const { ok } = require('@acme/result');

/** A price without its cents. */
function roundPrice(price) {
  return ok(Math.round(price));
}

module.exports = { roundPrice };
