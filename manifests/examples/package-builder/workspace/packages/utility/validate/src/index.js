'use strict';

const { ok, error } = require('@acme/result');

/** A text that is not empty. */
function text(value) {
  return typeof value === 'string' && value !== '' ? ok(value) : error('expected a text');
}

/** A whole number in a range, both ends included. */
function wholeNumber(value, from, to) {
  const fits = Number.isInteger(value) && value >= from && value <= to;
  return fits ? ok(value) : error(`expected a whole number from ${from} to ${to}`);
}

/** Every field of an object against its check; the first failure names its field. */
function fields(value, checks) {
  for (const [name, check] of Object.entries(checks)) {
    const result = check(value[name]);
    if (!result.ok) return error(`${name}: ${result.reason}`);
  }
  return ok(value);
}

module.exports = { text, wholeNumber, fields };
