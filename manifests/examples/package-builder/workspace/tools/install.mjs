// Installs a package's dependencies, and theirs, from the workspace's registry into its node_modules.
// Depends on tarball.mjs; it never looks into another package's folder: what is not published is not there.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { filesOf } from './tarball.mjs';

/** Installs into `folder`; `dependencies` maps names to ranges. Returns the installed versions by name. */
export function installDependencies(registry, folder, dependencies) {
  rmSync(join(folder, 'node_modules'), { recursive: true, force: true });
  const installed = new Map();
  const wanted = Object.entries(dependencies).map(([name, range]) => ({ name, range, by: 'package.json' }));
  for (let next = wanted.shift(); next !== undefined; next = wanted.shift()) {
    const { name, range, by } = next;
    const present = installed.get(name);
    if (present !== undefined) {
      if (!satisfies(present, range)) throw new Error(`${by} wants ${name} ${range}, but ${present} is installed`);
      continue;
    }
    const version = highestIn(registry, name, range, by);
    installed.set(name, version);
    const manifest = unpack(join(registry, name, `${version}.tgz`), join(folder, 'node_modules', name));
    for (const [inner, innerRange] of Object.entries(manifest.dependencies ?? {})) {
      wanted.push({ name: inner, range: innerRange, by: `${name} ${version}` });
    }
  }
  return installed;
}

function highestIn(registry, name, range, by) {
  const versions = published(registry, name);
  const fitting = versions.filter((version) => satisfies(version, range)).sort(compare);
  if (fitting.length > 0) return fitting.at(-1);
  const found = versions.length === 0 ? 'it is not published' : `only ${versions.join(', ')} is published`;
  throw new Error(`${by} wants ${name} ${range}, but ${found}: build and publish ${name} first`);
}

function published(registry, name) {
  try {
    return readdirSync(join(registry, name))
      .filter((file) => file.endsWith('.tgz'))
      .map((file) => file.slice(0, -'.tgz'.length));
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

function unpack(tarball, folder) {
  for (const { path, content } of filesOf(readFileSync(tarball))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** The workspace uses exact versions and caret ranges from 1.0.0 on. */
function satisfies(version, range) {
  if (!range.startsWith('^')) return version === range;
  const wanted = range.slice(1);
  return compare(version, wanted) >= 0 && version.split('.')[0] === wanted.split('.')[0];
}

function compare(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}
