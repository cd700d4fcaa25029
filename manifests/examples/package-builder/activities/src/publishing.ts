// Publishes a package: `npm pack` makes the tarball, the workspace's registry takes it.
// Depends on manifests, the registry and activity-process.ts; it must not know who decides to publish.

import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { processResult, runInActivity } from './activity-process';
import { addTarball } from './local-registry';
import { requireManifest, requirePackageFolder } from './package-manifest';
import { fileNameOf, workspaceLayout } from './workspace-paths';
import type { PackageLocation, PublishResult } from './types';

/**
 * Packs and publishes a package. The same version with the same content again is a success; other content under a
 * published version, and a private package, are `success: false`.
 */
export async function publish(location: PackageLocation): Promise<PublishResult> {
  const folder = await requirePackageFolder(location);
  const manifest = await requireManifest(folder);
  const { name, version } = manifest;
  if (manifest.private) {
    const stderr = `${name} is private: remove "private" from its package.json to publish it\n`;
    return { success: false, version, stdout: '', stderr, durationMs: 0 };
  }
  const registry = join(location.workspaceRoot, workspaceLayout.registry);
  await mkdir(registry, { recursive: true });
  const staging = await mkdtemp(join(registry, '.staging-'));
  try {
    const packed = processResult(await runInActivity(npmPack(location.workspaceRoot, folder, staging)));
    if (!packed.success) return { ...packed, version };
    const tarball = join(staging, `${fileNameOf(name)}-${version}.tgz`);
    const outcome = await addTarball(location.workspaceRoot, name, version, tarball);
    if (outcome !== 'conflict') return { ...packed, version };
    const stderr =
      `${name} ${version} is already published with other content: ` +
      `raise the version in ${location.packagePath}/package.json\n`;
    return { ...packed, success: false, version, stderr: packed.stderr + stderr };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

function npmPack(workspaceRoot: string, folder: string, destination: string) {
  return {
    command: 'npm',
    args: ['pack', '--offline', '--loglevel=error', '--foreground-scripts', `--pack-destination=${destination}`],
    cwd: folder,
    env: {
      npm_config_cache: join(workspaceRoot, workspaceLayout.npmCache),
      npm_config_logs_max: '0',
      npm_config_update_notifier: 'false',
    },
  };
}
