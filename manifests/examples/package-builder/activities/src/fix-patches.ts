// Applies a patch file to a workspace with git, and tells whether it lies there already.
// Depends on agent-process.ts; it must not know which problem a patch solves.

import { runProgram, type ProgramOutcome } from './agent-process';
import type { Remedy } from './fix-remedies';

/** A remedy that applies the patch at `patch`, a path relative to the workspace. */
export function patchRemedy(workspaceRoot: string, patch: string, summary: string): Remedy {
  const gitApply = (...options: string[]): ProgramOutcome =>
    runProgram('git', ['apply', ...options, patch], workspaceRoot);
  return {
    id: patch,
    isOpen: async () => gitApply('--check').success,
    apply: async () => {
      const isApplied = gitApply('--reverse', '--check').success;
      if (!isApplied) {
        const outcome = gitApply();
        if (!outcome.success) throw new Error(`the patch ${patch} does not apply: ${outcome.stderr.trim()}`);
      }
      return { fixed: true, summary, filesChanged: changedFiles(gitApply('--numstat').stdout) };
    },
  };
}

/** The paths in the output of `git apply --numstat`: added, deleted and path, with tabs between. */
function changedFiles(numstat: string): string[] {
  return numstat
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t')[2] ?? '');
}
