'use strict';

const { accounts } = require('@acme/accounts');
const { catalog } = require('@acme/catalog');

/** The back office: users sign in and add items. */
function office(environment, send) {
  const users = accounts();
  const items = catalog(environment, send);
  return {
    addItem(user, name) {
      const session = users.signIn(user);
      return session.ok ? items.add(name) : session;
    },
  };
}

module.exports = { office };
