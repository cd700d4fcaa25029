'use strict';

const { catalog } = require('@acme/catalog');
const { notifications } = require('@acme/notifications');

/** The shop: adds an item and tells a customer about it. */
function shop(environment, send, write) {
  const items = catalog(environment, send);
  const messages = notifications(environment, send, write);
  return {
    offer(name, customer) {
      const id = items.add(name).value;
      messages.emit('notify', customer);
      return { id, price: items.priceOf(id) };
    },
  };
}

module.exports = { shop };
