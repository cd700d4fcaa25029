// The activities of a version: loads the listed modules and takes the listed functions out of them, no others.
// Runs user code (the modules' top level). Knows no worker.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BadInput, messageOf, type Problem } from './problem.js';
import type { ActivityModule, Version } from './version.js';

/** An activity as the SDK takes it. */
export type ActivityFunction = (...args: never[]) => unknown;

/** Loads every module of the version; throws `BadInput` with all modules that don't load and all names that aren't there. */
export async function loadActivities(version: Version): Promise<Record<string, ActivityFunction>> {
  const activities: [string, ActivityFunction][] = [];
  const problems: Problem[] = [];
  for (const [m, entry] of version.activities.entries()) {
    const at = `activities[${m}]`;
    const loaded = await loadModule(entry).catch((thrown: unknown) => {
      problems.push({ file: version.file, field: `${at}.path`, message: `module '${entry.module}' can't be loaded from ${entry.path}: ${messageOf(thrown)}` });
    });
    if (loaded === undefined) continue;
    for (const [n, name] of entry.names.entries()) {
      const value = loaded.find(name);
      if (typeof value === 'function') activities.push([name, value as ActivityFunction]);
      else problems.push({ file: version.file, field: `${at}.names[${n}]`, message: notThere(entry, name, value, loaded.functions) });
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

/** The file of a module. An export of a package is found by Node's own rules: the package refers to itself by its name. */
async function entryFile({ path, export: wanted }: ActivityModule): Promise<string> {
  if (wanted === undefined) return path;
  const manifest = join(path, 'package.json');
  const { name } = JSON.parse(await readFile(manifest, 'utf8')) as { name?: unknown };
  if (typeof name !== 'string') throw new Error(`${manifest} has no name`);
  const require = createRequire(manifest);
  // Without a map of exports, a package is not found by its own name: then '.' is its main file.
  if (wanted === '.') return require.resolve(path);
  return require.resolve(`${name}${wanted.slice(1)}`);
}

/** Imports a module of either kind. Of a CommonJS module Node sees only some exports by name; `default` has them all. */
async function loadModule(module: ActivityModule): Promise<LoadedModule> {
  const namespace = (await import(pathToFileURL(await entryFile(module)).href)) as Record<string, unknown>;
  const whole = namespace['default'];
  const all = typeof whole === 'object' && whole !== null ? whole : {};
  const find = (name: string) => [namespace, all].filter((from) => Object.hasOwn(from, name)).map((from): unknown => Reflect.get(from, name))[0];
  const names = [...new Set([...Object.keys(namespace), ...Object.keys(all)])];
  return { find, functions: names.filter((name) => typeof find(name) === 'function').sort() };
}

function notThere({ module, path }: ActivityModule, name: string, value: unknown, functions: readonly string[]): string {
  const has = functions.length === 0 ? 'it exports no functions' : `it exports: ${functions.join(', ')}`;
  return value === undefined
    ? `module '${module}' (${path}) exports no '${name}'; ${has}`
    : `export '${name}' of module '${module}' (${path}) is not a function but ${value === null ? 'null' : `a ${typeof value}`}; ${has}`;
}
