// Reads a package's package.json.
// Depends on files.ts; it must not know plans, registries or workflows.

import { ApplicationFailure } from '@temporalio/activity';
import { join } from 'node:path';
import { isFolder, readTextIfPresent } from './files';
import { insideWorkspace } from './workspace-paths';
import type { PackageLocation } from './types';

/** What the activities need of a package.json. */
export interface PackageManifest {
  name: string;
  version: string;
  private: boolean;
  main: string;
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
}

/**
 * The absolute path of a package's folder.
 * Throws a non-retryable `PackageNotFound` failure when there is no such folder.
 */
export async function requirePackageFolder(location: PackageLocation): Promise<string> {
  const folder = insideWorkspace(location.workspaceRoot, location.packagePath);
  if (!(await isFolder(folder))) {
    const place = `${location.packagePath} in ${location.workspaceRoot}`;
    throw ApplicationFailure.nonRetryable(
      `there is no package at ${place}: scaffold it first, or correct packagePath`,
      'PackageNotFound',
    );
  }
  return folder;
}

/** Reads the package.json of a folder; undefined when the folder has none. */
export async function readManifest(folder: string): Promise<PackageManifest | undefined> {
  const path = join(folder, 'package.json');
  const text = await readTextIfPresent(path);
  if (text === undefined) return undefined;
  const data = parseObject(text, path);
  if (typeof data['name'] !== 'string' || typeof data['version'] !== 'string') {
    throw invalidManifest(path, 'it needs a "name" and a "version"');
  }
  return {
    name: data['name'],
    version: data['version'],
    private: data['private'] === true,
    main: typeof data['main'] === 'string' ? data['main'] : 'index.js',
    scripts: textMap(data['scripts']),
    dependencies: textMap(data['dependencies']),
  };
}

/** As {@link readManifest}, but a missing package.json is a non-retryable `InvalidManifest` failure. */
export async function requireManifest(folder: string): Promise<PackageManifest> {
  const manifest = await readManifest(folder);
  if (manifest === undefined) throw invalidManifest(join(folder, 'package.json'), 'it does not exist');
  return manifest;
}

function parseObject(text: string, path: string): Record<string, unknown> {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw invalidManifest(path, `it does not parse: ${(error as Error).message}`);
  }
  if (typeof data !== 'object' || data === null) throw invalidManifest(path, 'it is not an object');
  return data as Record<string, unknown>;
}

function textMap(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  const entries = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(entries);
}

function invalidManifest(path: string, problem: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`${path} cannot be used: ${problem}`, 'InvalidManifest');
}
