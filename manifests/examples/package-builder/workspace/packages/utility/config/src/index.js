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

/** As readConfig, with values for the settings that the environment lacks. */
function readConfigWithDefaults(environment, defaults) {
  const known = Object.entries(defaults).map(([name, value]) => [keyOf(name), value]);
  return readConfig({ ...Object.fromEntries(known), ...environment }, Object.keys(defaults));
}

module.exports = { readConfig, readConfigWithDefaults };
