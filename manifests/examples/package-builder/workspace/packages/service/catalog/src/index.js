'use strict';

const { cache } = require('@acme/cache');
const { client } = require('@acme/http');
const { storage } = require('@acme/storage');

/** The catalog; prices come from elsewhere and are remembered for a minute. */
function catalog(environment, send) {
  const items = storage('item', {});
  const prices = cache(60_000);
  const http = client(environment, send, () => undefined);
  return {
    add: (name) => items.add({ name }),
    priceOf(id) {
      const known = prices.get(id);
      if (known !== undefined) return known;
      const answer = http.get(`/prices/${id}`);
      if (answer.ok) prices.set(id, answer.value);
      return answer.value;
    },
  };
}

module.exports = { catalog };
