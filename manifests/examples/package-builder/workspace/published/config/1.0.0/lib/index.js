'use strict';

const { kebabCase } = require('@acme/strings');
const { err, ok } = require('@acme/result');

/** Reads the named settings from an environment; `dataDir` is looked up as `data-dir`. */
function readConfig(environment, names) {
  const config = {};
  for (const name of names) {
    const value = environment[keyOf(name)];
    if (value === undefined) return err(`${keyOf(name)} is not set`);
    config[name] = value;
  }
  return ok(config);
}

function keyOf(name) {
  return kebabCase(name.replace(/[A-Z]/g, (letter) => ` ${letter}`));
}

module.exports = { readConfig };
