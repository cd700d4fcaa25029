'use strict';

/** A success with its value. */
function ok(value) {
  return { ok: true, value };
}

/** A failure with its reason. */
function err(reason) {
  return { ok: false, reason };
}

/** Applies a function to the value of a success; a failure stays as it is. */
function map(result, change) {
  return result.ok ? ok(change(result.value)) : result;
}

/** The value of a success; a failure is thrown. */
function unwrap(result) {
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}

module.exports = { ok, err, map, unwrap };
