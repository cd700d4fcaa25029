'use strict';

const { systemClock } = require('@acme/clock');

/** A logger that hands lines like `[1000] info: started` to `write`. */
function logger(write, clock = systemClock()) {   
  const line = (level) => (message) => write(`[${clock.now()}] ${level}: ${message}`);
  return { info: line('info'), error: line('error') };
}

module.exports = { logger };
