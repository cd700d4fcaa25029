'use strict';

/** A clock that shows the machine's time, in milliseconds. */
function systemClock() {
  return { now: () => Date.now() };
}

/** A clock that moves only when it is told to. */
function heldClock(start) {
  let time = start;
  return {
    now: () => time,
    advance: (milliseconds) => {
      time += milliseconds;
    },
  };
}

/** A duration for people: `950 ms`, `2.5 s`, `3 min`. */
function formatDuration(milliseconds) {
  if (milliseconds < 1000) return `${milliseconds} ms`;
  if (milliseconds < 60_000) return `${milliseconds / 1000} s`;
  return `${Math.round(milliseconds / 60_000)} min`;
}

module.exports = { systemClock, heldClock, formatDuration };
