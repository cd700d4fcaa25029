// The program that requests packages, as an MCP client would: node request-packages.js WORKSPACE [NAME ...]
// Depends on mcp-store.ts and the workspace audit; it must not do more than read its arguments and print.

import { resolve } from 'node:path';
import { addRequests } from './mcp-store';
import { findByName } from './package-selection';
import { findPackages } from './workspace-audit';

const USAGE = `usage: node request-packages.js WORKSPACE [NAME ...]

Puts requests into the workspace's MCP store, from where fetchPendingPackages takes them:
for the named packages (with or without scope), or for all of the workspace.
`;

async function main(): Promise<void> {
  const [workspace, ...names] = process.argv.slice(2);
  if (workspace === undefined || workspace.startsWith('-')) throw new Error(`give a workspace\n\n${USAGE}`);
  const workspaceRoot = resolve(workspace);
  const all = await findPackages(workspaceRoot);
  const requested = names.length === 0 ? all : names.map((name) => findByName(all, name));
  await addRequests(workspaceRoot, requested);
  process.stdout.write(`${workspaceRoot}: requested ${requested.map(({ packageName }) => packageName).join(', ')}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
