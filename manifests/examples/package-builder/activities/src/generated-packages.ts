// Writes any number of trivial packages, for tests that need many.
// Depends on node:fs; it must not know what the packages are built for.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workspaceLayout } from './workspace-paths';

/** A version of a package, ready to be packed. */
export interface PackedVersion {
  name: string;
  version: string;
  /** Absolute path. */
  folder: string;
}

const MOST_PACKAGES = 999;
const VERSION = '1.0.0';

/** Refuses a number of packages that cannot be generated. */
export function requireGeneratableCount(count: number): void {
  if (Number.isInteger(count) && count >= 0 && count <= MOST_PACKAGES) return;
  throw new Error(`cannot generate ${count} packages: give a whole number from 0 to ${MOST_PACKAGES}`);
}

/** Writes `count` packages, `packages/core/generated-001` and so on. They have no plans and no dependencies. */
export async function writeGeneratedPackages(workspaceRoot: string, count: number): Promise<PackedVersion[]> {
  const generated: PackedVersion[] = [];
  for (let number = 1; number <= count; number += 1) {
    const shortName = `generated-${String(number).padStart(3, '0')}`;
    const folder = join(workspaceRoot, workspaceLayout.packages, 'core', shortName);
    await mkdir(join(folder, 'src'), { recursive: true });
    await writeFile(join(folder, 'package.json'), manifestOf(shortName));
    await writeFile(join(folder, 'src', 'index.js'), `'use strict';\n\nmodule.exports = { number: ${number} };\n`);
    generated.push({ name: `@acme/${shortName}`, version: VERSION, folder });
  }
  return generated;
}

function manifestOf(shortName: string): string {
  const manifest = {
    name: `@acme/${shortName}`,
    version: VERSION,
    description: 'Generated, to have many packages',
    license: 'Apache-2.0',
    main: 'src/index.js',
    files: ['src'],
    scripts: { build: 'node --check src/index.js', test: 'node src/index.js', quality: 'node --check src/index.js' },
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}
