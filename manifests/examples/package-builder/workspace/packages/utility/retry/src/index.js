'use strict';

const { formatDuration } = require('@acme/clock');
const { err } = require('@acme/result');

/** The pause before the attempt that follows `attempt`, in milliseconds: the first pause, then twice the one before. */
function pauseAfter(attempt, firstPause) {
  return firstPause * attempt;
}

/** Calls `action` until it succeeds, `maxAttempts` times at most; `pause` is told how long to wait in between. */
function retry(action, { maxAttempts, firstPause, pause }) {
  let result = err('never tried');
  for (let attempt = 1; attempt < maxAttempts; attempt += 1) {
    result = action(attempt);
    if (result.ok) return result;
    pause(pauseAfter(attempt, firstPause));
  }
  return result;
}

/** The pauses of a whole run, for people. */
function describePauses(maxAttempts, firstPause) {
  return Array.from({ length: maxAttempts - 1 }, (_, index) => formatDuration(pauseAfter(index + 1, firstPause)));
}

module.exports = { pauseAfter, retry, describePauses };
