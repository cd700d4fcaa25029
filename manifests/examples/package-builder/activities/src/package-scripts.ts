// Runs a script of a package's package.json, as `npm run` does, without npm's start-up time.
// Depends on manifests and activity-process.ts; it must not know what the scripts do.

import { join } from 'node:path';
import { processResult, runInActivity } from './activity-process';
import { requireManifest, requirePackageFolder } from './package-manifest';
import type { PackageLocation, ProcessResult } from './types';

/** Runs a script by its name. A script that fails, or does not exist, is `success: false`. */
export async function runPackageScript(location: PackageLocation, script: string): Promise<ProcessResult> {
  const folder = await requirePackageFolder(location);
  const manifest = await requireManifest(folder);
  const line = manifest.scripts[script];
  if (line === undefined) {
    const path = join(location.packagePath, 'package.json');
    const stderr = `${manifest.name} has no script "${script}": add it to ${path}\n`;
    return { success: false, stdout: '', stderr, durationMs: 0 };
  }
  const outcome = await runInActivity({
    command: '/bin/sh',
    args: ['-c', line],
    cwd: folder,
    env: {
      npm_lifecycle_event: script,
      npm_package_name: manifest.name,
      npm_package_version: manifest.version,
    },
  });
  return processResult(outcome);
}
