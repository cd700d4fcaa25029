'use strict';

const { readConfigWithDefaults } = require('@acme/config');
const { logger } = require('@acme/logger');
const { retry } = require('@acme/retry');

const DEFAULTS = { baseUrl: 'http://localhost', attempts: '3' };

/** A client; `send` takes a request and returns a result, and is asked again while it fails. */
function client(environment, send, write) {
  const { baseUrl, attempts } = readConfigWithDefaults(environment, DEFAULTS).value;
  const log = logger(write);
  return {
    get(path) {
      const request = { method: 'GET', url: baseUrl + path };
      const attempt = (number) => {
        log.info(`GET ${path}, attempt ${number}`);
        return send(request);
      };
      return retry(attempt, { maxAttempts: Number(attempts), firstPause: 100, pause: () => undefined });
    },
  };
}

module.exports = { client };
