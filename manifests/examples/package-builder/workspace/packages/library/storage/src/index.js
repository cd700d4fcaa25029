'use strict';

const { idMaker } = require('@acme/ids');
const { err, map } = require('@acme/result');
const { fields } = require('@acme/validate');

/** A store for records of one kind; `checks` maps field names to checks. */
function storage(kind, checks) {
  const records = new Map();
  const nextId = idMaker(kind);
  return {
    /** Adds a record; the result holds its id, or says which field is wrong. */
    add(record) {
      return map(fields(record, checks), (checked) => {
        const id = nextId();
        records.set(id, checked);
        return id;
      });
    },
    find(id) {
      return records.has(id) ? { ok: true, value: records.get(id) } : err(`no ${kind} has the id ${id}`);
    },
  };
}

module.exports = { storage };
