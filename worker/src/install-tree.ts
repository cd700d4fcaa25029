// A package with its tree, installed from a registry or beside its own lock file, into WORK/tree, with what it was resolved to in WORK/resolution.json.
// Runs npm; reads files. Knows no cluster, and no script of a package runs but in `runScripts`.

import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { npm, readCredentials, type Npm } from './npm.js';
import { InstallFailure } from './npm-failure.js';

export { InstallFailure } from './npm-failure.js';

/** What is to be installed, as the operator writes it. */
export interface Request {
  /** `look` only resolves. */
  readonly mode?: 'install' | 'look';
  /** The URL of the npm registry. */
  readonly registry: string;
  readonly npm?: { readonly package: string; readonly version: string };
  /** A folder with the files of a package of one's own, below `path`; `__` in their names stands for `/`, unless they lie in folders (`nested`). */
  readonly source?: { readonly folder: string; readonly path?: string; readonly nested?: boolean };
  /** What the version was resolved to before: it must be the same bytes. */
  readonly expected?: { readonly version: string; readonly integrity?: string };
  /** The whole tree as it was resolved before: a file with a compressed lock file. */
  readonly lockfile?: string;
  readonly allowScripts?: readonly string[];
  readonly requireLockfile?: boolean;
  readonly allowedRegistries?: readonly string[];
  /** In seconds. */
  readonly deadline?: number;
}

export interface Place {
  readonly work: string;
  /** A folder with `token`, or `username` and `password`. */
  readonly credentials: string | undefined;
}

/** What was installed. */
export interface Resolution {
  readonly package: string;
  readonly version: string;
  readonly integrity?: string;
  readonly registry: string;
  readonly lockfile: 'package-lock.json';
  readonly lockDigest: string;
  /** Packages whose install scripts did not run. */
  readonly skippedScripts: readonly string[];
}

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  readonly hasShrinkwrap?: boolean;
}

type Lock = Readonly<Record<string, LockedPackage>>;

const MODULES = 'node_modules/';

export async function readRequest(file: string): Promise<Request> {
  return JSON.parse(await readFile(file, 'utf8')) as Request;
}

/** Resolves a package and its tree, and says to what. */
export async function look(request: Request, place: Place): Promise<{ version: string; integrity?: string }> {
  const { tree, run } = await begin(request, place);
  const wanted = wantedPackage(request);
  await resolve(run, tree, wanted.package, wanted.version);
  const { version, integrity } = locked(await readLock(tree), wanted.package);
  return { version, ...(integrity === undefined ? {} : { integrity }) };
}

/** Installs a package of the registry and its tree. */
export async function packageTree(request: Request, place: Place): Promise<Resolution> {
  const { tree, run } = await begin(request, place);
  const wanted = wantedPackage(request);
  if (request.lockfile === undefined) {
    await resolve(run, tree, wanted.package, request.expected?.version ?? wanted.version);
  } else {
    await writeFile(join(tree, 'package-lock.json'), gunzipSync(await readFile(request.lockfile)));
    await writeFile(join(tree, 'package.json'), rootManifest({ [wanted.package]: request.expected?.version ?? wanted.version }));
  }
  const lock = await readLock(tree);
  const found = locked(lock, wanted.package);
  checkIntegrity(wanted.package, found, request.expected);
  if (request.requireLockfile === true && found.hasShrinkwrap !== true) {
    throw new InstallFailure('LockfileMissing', `${wanted.package}@${found.version} brings no npm-shrinkwrap.json, and spec.build.requireLockfile asks for one`);
  }
  checkRegistries(lock, request);
  await run(['ci', '--ignore-scripts', '--omit=dev'], { about: `${wanted.package}@${found.version}` });
  return finish(request, place, lock, { package: wanted.package, version: found.version, ...(found.integrity === undefined ? {} : { integrity: found.integrity }) });
}

/** Installs what a package of one's own needs; its files are the root of the tree. */
export async function sourceTree(request: Request, place: Place): Promise<Resolution> {
  const { tree, run } = await begin(request, place);
  const { folder, path = '', nested = false } = request.source ?? { folder: '' };
  await (nested ? copyFolder(folder, path, tree) : copySource(folder, path, tree));
  const manifest = await readJson<{ name?: string; version?: string }>(join(tree, 'package.json'), 'LockfileMissing', 'the source has no package.json');
  if (typeof manifest.name !== 'string') throw new InstallFailure('InstallFailed', "the source's package.json has no name: give it one");
  const lock = await readLock(tree);
  checkRegistries(lock, request);
  // What compiles it is among its development dependencies.
  const builds = buildsItself(request, manifest.name);
  await run(['ci', '--ignore-scripts', ...(builds ? [] : ['--omit=dev'])], { about: manifest.name });
  return finish(request, place, lock, { package: manifest.name, version: manifest.version ?? '0.0.0' });
}

/** Runs the install scripts of the packages that were allowed by name, and the build of a source that allows its own. */
export async function runScripts(request: Request, { work }: Place): Promise<{ scripts: readonly string[] }> {
  const tree = join(work, 'tree');
  const run = npm({ cwd: tree, work, registry: request.registry, deadline: request.deadline });
  const own = request.source === undefined ? undefined : (await readJson<{ name?: string }>(join(tree, 'package.json'), 'InstallFailed', 'no package.json')).name;
  const allowed = request.allowScripts ?? [];
  const others = allowed.filter((name) => name !== own);
  const how = { offline: true, scripts: true } as const;
  if (others.length > 0) await run(['rebuild', '--foreground-scripts', ...others], { about: others.join(', '), ...how });
  if (own !== undefined && allowed.includes(own)) {
    await run(['run', 'build', '--if-present'], { about: `the build of ${own}`, ...how });
    await run(['prune', '--omit=dev', '--ignore-scripts'], { about: own, offline: true });
  }
  return { scripts: allowed };
}

async function begin(request: Request, { work, credentials }: Place): Promise<{ tree: string; run: Npm }> {
  const tree = join(work, 'tree');
  await rm(tree, { recursive: true, force: true });
  await mkdir(tree, { recursive: true });
  const secret = credentials === undefined ? {} : await readCredentials(credentials, request.registry);
  return { tree, run: npm({ cwd: tree, work, registry: request.registry, deadline: request.deadline, secret }) };
}

function wantedPackage(request: Request): { package: string; version: string } {
  if (request.npm === undefined) throw new InstallFailure('BadRequest', 'the request names neither a package nor a source');
  return request.npm;
}

/** The tree's own manifest. The lock file names the exact version: how it was asked for changes no byte. */
function rootManifest(dependencies: Record<string, string>): string {
  return `${JSON.stringify({ name: 'warpline-module', version: '0.0.0', private: true, dependencies }, null, 2)}\n`;
}

async function resolve(run: Npm, tree: string, name: string, version: string): Promise<void> {
  await writeFile(join(tree, 'package.json'), rootManifest({}));
  await run(['install', `${name}@${version}`, '--package-lock-only', '--save-exact', '--ignore-scripts'], { about: `${name}@${version}` });
}

async function readLock(tree: string): Promise<Lock> {
  const without = "there is no package-lock.json: commit the one that npm writes beside the package.json, so that a build is the same tomorrow";
  return (await readJson<{ packages?: Lock }>(join(tree, 'package-lock.json'), 'LockfileMissing', without)).packages ?? {};
}

async function readJson<T>(file: string, reason: string, without: string): Promise<T> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    throw new InstallFailure(reason, without);
  }
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new InstallFailure(reason, `${file.split('/').at(-1)} is not JSON`);
  }
}

function locked(lock: Lock, name: string): LockedPackage & { version: string } {
  const found = lock[MODULES + name];
  if (found?.version === undefined) throw new InstallFailure('VersionNotFound', `npm resolved no version of ${name}`);
  return { ...found, version: found.version };
}

/** The bytes of a version never change: where they did, both hashes are named. */
function checkIntegrity(name: string, found: LockedPackage, expected: Request['expected']): void {
  if (expected?.integrity === undefined || expected.integrity === found.integrity) return;
  throw new InstallFailure(
    'IntegrityMismatch',
    `${name}@${expected.version} was ${expected.integrity} when it was built, and the registry has ${found.integrity ?? 'no hash'} for it now: ` +
      'a version was replaced; what was built serves on; find out who replaced it, then name another version',
  );
}

function checkRegistries(lock: Lock, { registry, allowedRegistries = [] }: Request): void {
  if (allowedRegistries.length === 0) return;
  const within = (url: string) => allowedRegistries.some((allowed) => url === allowed || url.startsWith(allowed.endsWith('/') ? allowed : `${allowed}/`));
  const list = `spec.build.allowedRegistries has ${allowedRegistries.join(', ')}`;
  if (!within(registry)) throw new InstallFailure('RegistryRefused', `the registry ${registry} is not allowed: ${list}`);
  for (const [path, { resolved, link }] of Object.entries(lock)) {
    // Packages of the registry have no address in our lock files.
    if (link !== true && resolved !== undefined && !within(resolved)) {
      throw new InstallFailure('RegistryRefused', `${path.split(MODULES).at(-1)} comes from ${resolved}: ${list}`);
    }
  }
}

function buildsItself({ allowScripts = [] }: Request, name: string): boolean {
  return allowScripts.includes(name);
}

async function copyFolder(folder: string, path: string, tree: string): Promise<void> {
  const from = join(folder, ...path.split('/').filter((part) => part !== ''));
  if (!`${from}/`.startsWith(`${folder}/`)) throw new InstallFailure('InstallFailed', `spec.source.path ${path} leads out of the source`);
  await cp(from, tree, { recursive: true }).catch(() => {
    throw new InstallFailure('LockfileMissing', `the source has no folder ${path}: see spec.source.path`);
  });
}

async function copySource(folder: string, path: string, tree: string): Promise<void> {
  const within = path.split('/').filter((part) => part !== '');
  // Kubernetes keeps the files of a mounted ConfigMap behind names that begin with dots.
  for (const name of (await readdir(folder)).filter((name) => !name.startsWith('..'))) {
    const parts = name.split('__');
    if (parts.some((part) => part === '' || part === '..' || part === 'node_modules')) throw new InstallFailure('InstallFailed', `${name} is no name for a file of the source`);
    if (within.some((part, at) => parts[at] !== part)) continue;
    const below = parts.slice(within.length);
    await mkdir(join(tree, ...below.slice(0, -1)), { recursive: true });
    await writeFile(join(tree, ...below), await readFile(join(folder, name)));
  }
}

async function finish(
  request: Request,
  { work }: Place,
  lock: Lock,
  found: Pick<Resolution, 'package' | 'version' | 'integrity'>,
): Promise<Resolution> {
  const text = await readFile(join(work, 'tree', 'package-lock.json'));
  const allowed = request.allowScripts ?? [];
  const withScripts = Object.entries(lock).filter(([path, { hasInstallScript, dev }]) => path !== '' && hasInstallScript === true && dev !== true);
  const skipped = withScripts.map(([path]) => path.split(MODULES).at(-1) ?? path).filter((name) => !allowed.includes(name));
  const resolution: Resolution = {
    ...found,
    registry: request.registry,
    lockfile: 'package-lock.json',
    lockDigest: `sha256:${createHash('sha256').update(text).digest('hex')}`,
    skippedScripts: [...new Set(skipped)].sort(),
  };
  await writeFile(join(work, 'resolution.json'), JSON.stringify(resolution));
  // The packages' archives are of no use any more.
  await rm(join(work, 'cache'), { recursive: true, force: true });
  return resolution;
}
