// Where the code of an activity module is: a file, or the export of a package, found as Node finds it.
// May read package.json files. Runs no user code.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { moduleResolve } from 'import-meta-resolve';
import { fileReason, messageOf } from './problem.js';
import type { ActivityModule } from './version.js';

/** The file's URL; throws an `Error` that says why there is none. */
export async function entryOf({ path, export: wanted }: ActivityModule): Promise<string> {
  if (wanted === undefined) return pathToFileURL(path).href;
  const manifest = join(path, 'package.json');
  const { name, exports } = await readManifest(manifest);
  // Without a map of exports a package has its main file, and its files.
  if (exports == null) return pathToFileURL(createRequire(manifest).resolve(wanted === '.' ? path : wanted)).href;
  if (typeof name !== 'string') throw new Error(`${manifest} has exports but no name, by which Node finds them: give it one`);
  return exportOf(`${name}${wanted.slice(1)}`, pathToFileURL(manifest));
}

/** As the package refers to itself: by `require`, whose modules find the worker's SDK on NODE_PATH, else by `import`. */
function exportOf(specifier: string, parent: URL): string {
  try {
    return moduleResolve(specifier, parent, new Set(['node', 'require'])).href;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw thrown;
    return moduleResolve(specifier, parent, new Set(['node', 'import'])).href;
  }
}

async function readManifest(file: string): Promise<{ name?: unknown; exports?: unknown }> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (thrown) {
    throw new Error(`${file} can't be read: ${fileReason(thrown)}`);
  }
  try {
    return (JSON.parse(text) ?? {}) as { name?: unknown; exports?: unknown };
  } catch (thrown) {
    throw new Error(`${file} isn't JSON: ${messageOf(thrown)}`);
  }
}
