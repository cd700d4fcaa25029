'use strict';

const { readConfig } = require('@acme/config');
const { logger } = require('@acme/logger');

/** A client; `send` takes a request and returns a result. */
function client(environment, send, write) {
  const { baseUrl } = readConfig(environment, ['baseUrl']).value;
  const log = logger(write);
  return {
    get(path) {
      log.info(`GET ${path}`);
      return send({ method: 'GET', url: baseUrl + path });
    },
  };
}

module.exports = { client };
