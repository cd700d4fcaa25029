// The workspace's registry: a folder of the tarballs that `npm pack` makes, `registry/@acme/result/1.0.0.tgz`.
// Depends on node:fs; it must not know how tarballs are made.

import { link, mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMissing, isSystemError } from './files';
import { compareVersions, isVersion, satisfies } from './semantic-version';
import { fileNameOf, workspaceLayout } from './workspace-paths';

/** What adding a tarball came to: new, the very same again, or other content under a version that exists. */
export type AddOutcome = 'added' | 'same' | 'conflict';

/** The versions of a package that are published, lowest first. */
export async function publishedVersions(workspaceRoot: string, packageName: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(packageFolder(workspaceRoot, packageName));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  return names
    .filter((name) => name.endsWith('.tgz'))
    .map((name) => name.slice(0, -'.tgz'.length))
    .filter(isVersion)
    .sort(compareVersions);
}

/** The highest published version; undefined when there is none. */
export async function latestVersion(workspaceRoot: string, packageName: string): Promise<string | undefined> {
  return (await publishedVersions(workspaceRoot, packageName)).at(-1);
}

/** Whether a version in the range is published. */
export async function isServed(workspaceRoot: string, packageName: string, range: string): Promise<boolean> {
  const versions = await publishedVersions(workspaceRoot, packageName);
  return versions.some((version) => satisfies(version, range));
}

/** The path of a published version's tarball, whether it exists or not. */
export function tarballPath(workspaceRoot: string, packageName: string, version: string): string {
  return join(packageFolder(workspaceRoot, packageName), `${version}.tgz`);
}

/**
 * Puts a finished tarball into the registry. A published version is never overwritten, whoever else publishes at
 * the same time. The tarball has to lie on the registry's file system.
 */
export async function addTarball(
  workspaceRoot: string,
  packageName: string,
  version: string,
  tarball: string,
): Promise<AddOutcome> {
  const target = tarballPath(workspaceRoot, packageName, version);
  await mkdir(dirname(target), { recursive: true });
  try {
    await link(tarball, target);
    return 'added';
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error;
  }
  const [existing, offered] = await Promise.all([readFile(target), readFile(tarball)]);
  return existing.equals(offered) ? 'same' : 'conflict';
}

function packageFolder(workspaceRoot: string, packageName: string): string {
  // Refuses names that could lead out of the registry.
  fileNameOf(packageName);
  return join(workspaceRoot, workspaceLayout.registry, packageName);
}
