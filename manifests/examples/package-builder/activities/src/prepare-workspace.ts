// The program that prepares a workspace: node prepare-workspace.js SOURCE DESTINATION [options]
// Depends on prepare.ts; it must not do more than read its arguments and print.

import { parseArgs } from 'node:util';
import { prepareWorkspace, type PreparedWorkspace } from './prepare';

const USAGE = `usage: node prepare-workspace.js SOURCE DESTINATION [options]

Copies the example workspace SOURCE to DESTINATION, which has to be empty or new, and gives it
a git repository with a remote (remote.git) and a registry with the packages that are published already.

  --only NAMES    only these packages (separated by commas) and what they depend on; --only= for none
  --with NAMES    add these of the optional packages
  --generate N    add N trivial packages that are published already, @acme/generated-001 and so on
  --json          print the result as JSON
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      with: { type: 'string' },
      generate: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    process.stdout.write(USAGE);
    return;
  }
  const [source, destination, ...rest] = positionals;
  if (source === undefined || destination === undefined || rest.length > 0) {
    throw new Error(`give a source and a destination\n\n${USAGE}`);
  }
  const prepared = await prepareWorkspace({
    source,
    destination,
    ...(values.only === undefined ? {} : { only: namesIn(values.only) }),
    ...(values.with === undefined ? {} : { with: namesIn(values.with) }),
    ...(values.generate === undefined ? {} : { generate: Number(values.generate) }),
  });
  process.stdout.write(`${values.json === true ? JSON.stringify(prepared) : describe(prepared)}\n`);
}

function describe({ workspaceRoot, packages, published }: PreparedWorkspace): string {
  return `${workspaceRoot}: ${packages.length} packages, ${published.length} published already`;
}

function namesIn(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
