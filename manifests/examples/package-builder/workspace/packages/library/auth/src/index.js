'use strict';

const { idMaker } = require('@acme/ids');
const { kebabCase } = require('@acme/strings');
const { text } = require('@acme/validate');

/** Sessions for named users. */
function sessions() {
  const open = new Map();
  const nextId = idMaker('session');
  return {
    /** Opens a session; the result says what is wrong with the name. */
    open(userName) {
      const checked = text(userName);
      if (!checked.ok) return checked;
      const id = nextId();
      open.set(id, kebabCase(userName));
      return { ok: true, value: id };
    },
    userOf(id) {
      return open.get(id);
    },
  };
}

module.exports = { sessions };
