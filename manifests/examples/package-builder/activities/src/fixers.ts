// The fixers that need no knowledge of the workspace's code: the linter's own repairs, and the plan's version number.
// Depends on manifests, plans and agent-process.ts; it must not know how an order reached the agent.

import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { runProgram } from './agent-process';
import { writeFileAtomically } from './files';
import type { FixOrder } from './fix-order';
import type { Remedy } from './fix-remedies';
import { readManifest } from './package-manifest';
import { readPlan } from './package-plan';
import { compareVersions } from './semantic-version';
import { insideWorkspace } from './workspace-paths';

/** A remedy that runs the package's `quality:fix` script, which prints `fixed <path>` for each file it changes. */
export function repairStyleRemedy(order: FixOrder): Remedy {
  const { workspaceRoot, problem } = order;
  const { packagePath } = problem.context;
  const folder = insideWorkspace(workspaceRoot, packagePath);
  const script = async (): Promise<string | undefined> => (await readManifest(folder))?.scripts['quality:fix'];
  return {
    id: 'quality:fix',
    isOpen: async () => (await script()) !== undefined,
    apply: async () => {
      const line = (await script()) ?? 'false';
      const outcome = runProgram('/bin/sh', ['-c', line], folder);
      const filesChanged = [...outcome.stdout.matchAll(/^fixed (.+)$/gm)].map((match) => match[1] ?? '');
      if (filesChanged.length === 0 && !outcome.success) return undefined;
      return { fixed: true, summary: `the linter repaired ${filesChanged.length} file(s)`, filesChanged };
    },
  };
}

/** A remedy that sets the version of package.json to the one that the plan asks for, when that is higher. */
export function raiseVersionRemedy(order: FixOrder): Remedy {
  const { workspaceRoot, problem } = order;
  const { packagePath, planPath } = problem.context;
  const folder = insideWorkspace(workspaceRoot, packagePath);
  const target = async (): Promise<string | undefined> =>
    (await readPlan(insideWorkspace(workspaceRoot, planPath)))?.targetVersion;
  return {
    id: 'raise version',
    isOpen: async () => {
      const [manifest, version] = [await readManifest(folder), await target()];
      return manifest !== undefined && version !== undefined && compareVersions(version, manifest.version) > 0;
    },
    apply: async () => {
      const version = await target();
      const path = join(folder, 'package.json');
      const text = await readFile(path, 'utf8');
      await writeFileAtomically(path, text.replace(/("version"\s*:\s*)"[^"]*"/, `$1"${version}"`));
      const summary = `raised the version to ${version}, as ${planPath} asks`;
      return { fixed: true, summary, filesChanged: [posix.join(packagePath, 'package.json')] };
    },
  };
}
