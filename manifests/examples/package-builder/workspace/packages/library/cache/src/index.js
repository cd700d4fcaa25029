'use strict';

const { emitter } = require('@acme/events');
const { systemClock } = require('@acme/clock');

/** A cache; an entry lives `lifetime` milliseconds, and `expired` is emitted when an older one is asked for. */
function cache(lifetime, clock = systemClock()) {
  const entries = new Map();
  const events = emitter();
  return {
    on: events.on,
    set(key, value) {
      entries.set(key, { value, until: clock.now() + lifetime });
    },
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (clock.now() < entry.until) return entry.value;
      entries.delete(key);
      events.emit('expired', key);
      return undefined;
    },
  };
}

module.exports = { cache };
