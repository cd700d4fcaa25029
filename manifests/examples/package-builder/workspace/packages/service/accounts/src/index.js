'use strict';

const { sessions } = require('@acme/auth');
const { storage } = require('@acme/storage');

/** Registers users and lets them in. */
function accounts() {
  const users = storage('user', {});
  const open = sessions();
  return {
    register: (name) => users.add({ name }),
    signIn: (name) => open.open(name),
  };
}

module.exports = { accounts };
