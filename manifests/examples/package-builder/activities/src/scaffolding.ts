// Creates a package's files from its plan.
// Depends on plans and files.ts; it must not know why the package is missing.

import { join, posix } from 'node:path';
import { readTextIfPresent, writeFileAtomically } from './files';
import type { FixOrder } from './fix-order';
import type { Remedy } from './fix-remedies';
import { readPlan, type PlannedFile } from './package-plan';
import { insideWorkspace } from './workspace-paths';

/** A remedy that writes the files of the plan which are not there yet; it never overwrites one. */
export function scaffoldRemedy(order: FixOrder): Remedy {
  const { workspaceRoot, problem } = order;
  const { packagePath, planPath, packageName } = problem.context;
  const planned = async (): Promise<PlannedFile[]> =>
    (await readPlan(insideWorkspace(workspaceRoot, planPath)))?.files ?? [];
  const locate = (file: PlannedFile): string => {
    const path = posix.join(packagePath, file.path);
    if (path.startsWith(`${posix.normalize(packagePath)}/`)) return insideWorkspace(workspaceRoot, path);
    throw new Error(`the plan ${planPath} wants to write ${file.path}, outside its package`);
  };
  return {
    id: 'scaffold',
    isOpen: async () => (await planned()).length > 0,
    apply: async () => {
      const files = (await planned()).map((file) => ({ ...file, target: locate(file) }));
      const filesChanged: string[] = [];
      for (const { path, target, content } of files) {
        if ((await readTextIfPresent(target)) !== undefined) continue;
        await writeFileAtomically(target, content);
        filesChanged.push(posix.join(packagePath, path));
      }
      const exists = (await readTextIfPresent(join(workspaceRoot, packagePath, 'package.json'))) !== undefined;
      if (!exists) return undefined;
      return { fixed: true, summary: `created ${packageName} from ${planPath}`, filesChanged };
    },
  };
}
