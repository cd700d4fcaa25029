// Builds the package in the current folder: installs its dependencies, checks every source file, writes lib/.
// Depends on install.mjs; it must not know other packages' sources. Exit code 1 and a message on stderr when it fails.

import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { Script } from 'node:vm';
import { installDependencies } from './install.mjs';

const folder = process.cwd();
const registry = resolve(import.meta.dirname, '..', 'registry');

try {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
  const installed = installDependencies(registry, folder, manifest.dependencies ?? {});
  const sources = readdirSync('src', { recursive: true }).filter((file) => file.endsWith('.js')).sort();
  const problems = sources.flatMap((file) => problemsOf(join('src', file)));
  if (problems.length > 0) throw new Error(problems.join('\n'));
  writeLib(sources);
  // What cannot be loaded is not built.
  const names = Object.keys(createRequire(join(folder, 'package.json'))(`./${manifest.main}`));
  console.log(`${manifest.name} ${manifest.version}: ${sources.length} file(s), exports ${names.join(', ')}`);
  for (const [name, version] of installed) console.log(`  with ${name} ${version}`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

function problemsOf(file) {
  const source = readFileSync(file, 'utf8');
  try {
    new Script(`(function (exports, require, module) {${source}\n})`, { filename: file });
  } catch (error) {
    return [`${file}: ${error.message}`];
  }
  return importProblems(file, source);
}

/** Names that are taken out of a dependency which does not have them. */
function importProblems(file, source) {
  const load = createRequire(join(folder, 'package.json'));
  const problems = [];
  for (const match of source.matchAll(/const \{([^}]+)\} = require\('(@[^']+)'\)/g)) {
    const line = source.slice(0, match.index).split('\n').length;
    const available = exportsOf(load, match[2]);
    if (available === undefined) {
      problems.push(`${file}:${line}: ${match[2]} is not a dependency of this package`);
      continue;
    }
    for (const name of match[1].split(',').map((part) => part.trim())) {
      if (available.includes(name)) continue;
      problems.push(`${file}:${line}: ${match[2]} has no export '${name}'; it has ${available.join(', ')}`);
    }
  }
  return problems;
}

function exportsOf(load, name) {
  try {
    return Object.keys(load(name));
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** Writes lib/ in one go: a build that fails leaves the last good one. */
function writeLib(sources) {
  const fresh = join(folder, '.lib-new');
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh);
  for (const file of sources) cpSync(join('src', file), join(fresh, file));
  rmSync('lib', { recursive: true, force: true });
  renameSync(fresh, 'lib');
}
