'use strict';

/** A maker of ids like `order-000001`; every call counts one up. */
function idMaker(prefix) {
  let last = 0;
  return () => {
    last += 1;
    return `${prefix}-${String(last).padStart(6, '0')}`;
  };
}

/** The prefix of an id. */
function prefixOf(id) {
  return id.slice(0, id.lastIndexOf('-'));
}

module.exports = { idMaker, prefixOf };
