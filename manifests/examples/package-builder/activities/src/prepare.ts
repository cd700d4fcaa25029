// Makes a working copy of the example workspace: files, a git repository with a remote, a registry.
// Depends on node:fs, process-group.ts and the registry; it must not know Temporal's server or the workflows.

import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { isFolder, isMissing, isSystemError } from './files';
import { requireGeneratableCount, writeGeneratedPackages, type PackedVersion } from './generated-packages';
import { addTarball } from './local-registry';
import { requireManifest } from './package-manifest';
import { selectPackages, type PackageSelection } from './package-selection';
import { runProcess } from './process-group';
import { compareText, fileNameOf, shortNameOf, workspaceLayout } from './workspace-paths';

/** What to prepare. */
export interface PrepareOptions extends PackageSelection {
  /** The pristine workspace; it is never changed. */
  source: string;
  /** The folder to write; it has to be empty, or not to exist. */
  destination: string;
  /** How many trivial packages to add, `@acme/generated-001` and so on, all of them published already. */
  generate?: number;
}

/** What was prepared. */
export interface PreparedWorkspace {
  /** Absolute path. */
  workspaceRoot: string;
  /** npm names of the packages in the workspace, sorted. */
  packages: string[];
  /** What the registry holds at the start: `@acme/ids@1.0.0`, sorted. */
  published: string[];
}

const PUBLISHED_FOLDER = 'published';
/** What builds leave behind, should somebody have built in the source after all. */
const GENERATED_PATHS =
  /^(packages\/[^/]+\/[^/]+\/(lib|node_modules)|registry|reports|remote\.git|\.agents|\.cache|\.mcp|\.git)$/;
const COMMIT_TIME = '2025-11-19T00:00:00Z';

/** Prepares a workspace. Throws an error that says what to do when the source or the destination cannot be used. */
export async function prepareWorkspace(options: PrepareOptions): Promise<PreparedWorkspace> {
  const source = resolve(options.source);
  const workspaceRoot = resolve(options.destination);
  const count = options.generate ?? 0;
  requireGeneratableCount(count);
  await requireWorkspace(source);
  await requireEmpty(workspaceRoot);
  if (workspaceRoot.startsWith(source + sep)) {
    throw new Error(`${workspaceRoot} lies inside the source: choose another folder`);
  }
  const selection = await selectPackages(source, options);
  const seeds = (await seedsOf(source)).filter((seed) => selection.names.includes(seed.name));
  try {
    await copyFiles(source, workspaceRoot, selection.excludedPaths);
    const generated = await writeGeneratedPackages(workspaceRoot, count);
    seeds.push(...generated);
    await publishSeeds(workspaceRoot, seeds);
    await startRepository(workspaceRoot);
    return {
      workspaceRoot,
      packages: [...selection.names, ...generated.map(({ name }) => name)].sort(compareText),
      published: seeds.map(({ name, version }) => `${name}@${version}`).sort(compareText),
    };
  } catch (error) {
    // The folder was empty before; a half-finished workspace would only be in the way of the next attempt.
    await rm(workspaceRoot, { recursive: true, force: true });
    throw error;
  }
}

async function requireWorkspace(source: string): Promise<void> {
  if (!(await isFolder(join(source, workspaceLayout.packages)))) {
    throw new Error(`${source} is not a workspace: it has no folder "${workspaceLayout.packages}"`);
  }
}

async function requireEmpty(destination: string): Promise<void> {
  let entries: string[];
  try {
    entries = await readdir(destination);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  if (entries.length > 0) {
    throw new Error(`${destination} is not empty: choose a new folder, or remove this one yourself`);
  }
}

/** Copies what belongs to the workspace; neither build output nor what only preparation needs. */
async function copyFiles(source: string, destination: string, excludedPaths: string[]): Promise<void> {
  const unwanted = [PUBLISHED_FOLDER, 'optional-packages.json', ...excludedPaths];
  const excluded = new Set(unwanted.map((path) => join(source, path)));
  await mkdir(destination, { recursive: true });
  await cp(source, destination, {
    recursive: true,
    filter: (path) => !excluded.has(path) && !GENERATED_PATHS.test(relative(source, path).split(sep).join('/')),
  });
}

/** The published versions that the source brings: `published/<name>/<version>/`. */
async function seedsOf(source: string): Promise<PackedVersion[]> {
  const parent = join(source, PUBLISHED_FOLDER);
  if (!(await isFolder(parent))) return [];
  const seeds: PackedVersion[] = [];
  for (const name of (await readdir(parent)).sort(compareText)) {
    for (const version of (await readdir(join(parent, name))).sort(compareText)) {
      const folder = join(parent, name, version);
      const manifest = await requireManifest(folder);
      if (shortNameOf(manifest.name) !== name || manifest.version !== version) {
        throw new Error(`${folder} holds ${manifest.name} ${manifest.version}: name the folders after them`);
      }
      seeds.push({ name: manifest.name, version, folder });
    }
  }
  return seeds;
}

/** Packs all seeds in one run of npm, which takes longer to start than to pack. */
async function publishSeeds(workspaceRoot: string, seeds: PackedVersion[]): Promise<void> {
  const registry = join(workspaceRoot, workspaceLayout.registry);
  await mkdir(registry, { recursive: true });
  if (seeds.length === 0) return;
  const staging = await mkdtemp(join(registry, '.staging-'));
  const cache = join(workspaceRoot, workspaceLayout.npmCache);
  const options = ['--offline', '--ignore-scripts', '--silent', `--pack-destination=${staging}`, `--cache=${cache}`];
  await run(staging, 'npm', ['pack', ...options, '--logs-max=0', ...seeds.map((seed) => seed.folder)]);
  for (const { name, version } of seeds) {
    await addTarball(workspaceRoot, name, version, join(staging, `${fileNameOf(name)}-${version}.tgz`));
  }
  await rm(staging, { recursive: true });
}

/** The first commit is the same for the same files, so that test runs can be compared. */
async function startRepository(workspaceRoot: string): Promise<void> {
  const git = (...args: string[]): Promise<void> => run(workspaceRoot, 'git', args);
  await git('init', '--quiet', '--template=', '--initial-branch=main');
  await git('init', '--quiet', '--template=', '--initial-branch=main', '--bare', workspaceLayout.remote);
  const config = join(workspaceRoot, '.git', 'config');
  const settings = [
    '[user]\n\tname = Package Builder\n\temail = builder@acme.example\n',
    '[commit]\n\tgpgsign = false\n[gc]\n\tauto = 0\n',
    `[remote "origin"]\n\turl = ./${workspaceLayout.remote}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n`,
  ];
  await writeFile(config, (await readFile(config, 'utf8')) + settings.join(''));
  await git('add', '--all');
  await git('commit', '--quiet', '-m', 'The workspace as it was handed over');
  await git('push', '--quiet', '--set-upstream', 'origin', 'main');
}

async function run(cwd: string, command: string, args: string[]): Promise<void> {
  const env = { GIT_AUTHOR_DATE: COMMIT_TIME, GIT_COMMITTER_DATE: COMMIT_TIME };
  const outcome = await runProcess({ command, args, cwd, env }).catch((error: unknown) => {
    throw isSystemError(error, 'ENOENT') ? new Error(`the program "${command}" is not on the PATH: install it`) : error;
  });
  if (outcome.exitCode !== 0) throw new Error(`${command} ${args[0]} failed in ${cwd}: ${outcome.stderr.trim()}`);
}
