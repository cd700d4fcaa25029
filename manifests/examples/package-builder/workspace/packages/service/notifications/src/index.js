'use strict';

const { emitter } = require('@acme/events');
const { client } = require('@acme/http');
const { logger } = require('@acme/logger');

/** Sends a message for every `notify` event; returns the emitter. */
function notifications(environment, send, write) {
  const events = emitter();
  const http = client(environment, send, write);
  const log = logger(write);
  events.on('notify', (customer) => {
    if (!http.get(`/notify/${customer}`).ok) log.error(`${customer} was not reached`);
  });
  return events;
}

module.exports = { notifications };
