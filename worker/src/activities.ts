// The activities of a version: loads the listed modules and takes the listed functions out of them, no others.
// Runs user code (the modules' top level). Knows no worker.

import { fileURLToPath } from 'node:url';
import { entryOf } from './activity-entry.js';
import { BadInput, messageOf, type Problem } from './problem.js';
import type { ActivityModule, Version } from './version.js';

/** Where the worker's own copy of the SDK is, which activities share. */
const SDK = fileURLToPath(new URL('../node_modules/@temporalio', import.meta.url));

/** An activity as the SDK takes it. */
export type ActivityFunction = (...args: never[]) => unknown;

/** Loads every module of the version; throws `BadInput` with all modules that don't load and all names that aren't there. */
export async function loadActivities(version: Version): Promise<Record<string, ActivityFunction>> {
  const activities: [string, ActivityFunction][] = [];
  const problems: Problem[] = [];
  for (const [m, entry] of version.activities.entries()) {
    const at = `activities[${m}]`;
    const refuse = (field: string, message: string) => void problems.push({ file: version.file, field: `${at}.${field}`, message });
    const url = await entryOf(entry).catch((thrown: unknown) =>
      refuse('export', `module '${entry.module}' is not found as export '${entry.export}' of the package in ${entry.path}: ${messageOf(thrown)}`),
    );
    const loaded = url && (await loadModule(url).catch((thrown: unknown) => refuse('path', loadFailure(entry, url, thrown))));
    if (!loaded) continue;
    for (const [n, name] of entry.names.entries()) {
      const value = loaded.find(name);
      if (typeof value === 'function') activities.push([name, value as ActivityFunction]);
      else refuse(`names[${n}]`, notThere(entry, name, value, loaded.functions));
    }
  }
  if (problems.length > 0) throw new BadInput(problems);
  return Object.fromEntries(activities);
}

interface LoadedModule {
  /** An export by name, from either kind of module. */
  find(name: string): unknown;
  /** Names of the exported functions, sorted. */
  readonly functions: readonly string[];
}

/** Imports a module of either kind. Of a CommonJS module Node sees only some exports by name; `default` has them all. */
async function loadModule(url: string): Promise<LoadedModule> {
  const namespace = (await import(url)) as Record<string, unknown>;
  const whole = namespace['default'];
  const all = typeof whole === 'object' && whole !== null ? whole : {};
  const find = (name: string) => [namespace, all].filter((from) => Object.hasOwn(from, name)).map((from): unknown => Reflect.get(from, name))[0];
  const names = [...new Set([...Object.keys(namespace), ...Object.keys(all)])];
  return { find, functions: names.filter((name) => typeof find(name) === 'function').sort() };
}

/** What is wrong with a module that was found but can't be loaded. */
function loadFailure({ module }: ActivityModule, url: string, thrown: unknown): string {
  const message = messageOf(thrown);
  const missing = /^Cannot find (?:package|module) '(@temporalio\/[\w-]+)/.exec(message)?.[1];
  const link = missing === undefined ? '' : `; the worker has it: link @temporalio in the module's node_modules to ${SDK} (ES modules don't look at NODE_PATH)`;
  return `module '${module}' can't be loaded from ${fileURLToPath(url)}: ${message}${link}`;
}

function notThere({ module, path }: ActivityModule, name: string, value: unknown, functions: readonly string[]): string {
  const has = functions.length === 0 ? 'it exports no functions' : `it exports: ${functions.join(', ')}`;
  return value === undefined
    ? `module '${module}' (${path}) exports no '${name}'; ${has}`
    : `export '${name}' of module '${module}' (${path}) is not a function but ${value === null ? 'null' : `a ${typeof value}`}; ${has}`;
}
