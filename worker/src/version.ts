// A version directory as `warpline` writes it: read, checked, typed. The contract is in README.md.
// May read files. Knows no Temporal SDK and loads no user code.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FieldReader } from './json-fields.js';
import { BadInput, fileReason, messageOf, type Problem } from './problem.js';

/** One module of activities that a version serves. */
export interface ActivityModule {
  /** Name that users know the module by; for messages. */
  readonly module: string;
  /** Absolute path of its entry file, CommonJS or ESM. */
  readonly path: string;
  /** Activity types to register: exactly these exports, no others. */
  readonly names: readonly string[];
}

/** A version directory, checked. */
export interface Version {
  /** Path of `version.json`, for messages. */
  readonly file: string;
  readonly deploymentName: string;
  readonly buildId: string;
  readonly taskQueue: string;
  /** Workflow types that `workflows.js` exports; empty for a version that serves only activities. */
  readonly workflows: readonly string[];
  readonly activities: readonly ActivityModule[];
  /** Generated workflow code; absent when `workflows` is empty. */
  readonly code?: WorkflowCode;
}

/** The generated CommonJS text of a version. */
export interface WorkflowCode {
  /** Path of `workflows.js`, for messages. */
  readonly file: string;
  readonly text: string;
  /** Parsed `workflows.js.map`, when there is one. */
  readonly sourceMap?: object;
}

/** Reads and checks one version directory; throws `BadInput` with every problem found. */
export async function readVersion(dir: string): Promise<Version> {
  const file = join(dir, 'version.json');
  const fields = await readVersionFile(file);
  if (fields.workflows.length === 0) return { file, ...fields };
  return { file, ...fields, code: await readWorkflowCode(dir) };
}

/** Reads every directory; throws one `BadInput` with the problems of all of them. */
export async function readVersions(dirs: readonly string[]): Promise<Version[]> {
  const results = await Promise.allSettled(dirs.map(readVersion));
  const problems: Problem[] = [];
  const versions: Version[] = [];
  for (const result of results) {
    if (result.status === 'fulfilled') versions.push(result.value);
    else if (result.reason instanceof BadInput) problems.push(...result.reason.problems);
    else throw result.reason;
  }
  problems.push(...duplicateVersions(versions));
  if (problems.length > 0) throw new BadInput(problems);
  return versions;
}

type VersionFields = Omit<Version, 'file' | 'code'>;

async function readVersionFile(file: string): Promise<VersionFields> {
  const reader = new FieldReader(file, parseJson(file, await readText(file)));
  const fields: VersionFields = {
    deploymentName: reader.text('deploymentName'),
    buildId: reader.text('buildId'),
    taskQueue: reader.text('taskQueue'),
    workflows: reader.names('workflows'),
    activities: reader.objects('activities').map((entry) => ({
      module: entry.text('module'),
      path: entry.absolutePath('path'),
      names: entry.names('names'),
    })),
  };
  reader.finish();
  const problems = [...reader.problems, ...checkDeploymentName(file, fields.deploymentName), ...checkActivityNames(file, fields.activities)];
  if (problems.length === 0 && fields.workflows.length === 0 && fields.activities.length === 0) {
    problems.push({ file, field: 'workflows', message: 'the version serves nothing: workflows and activities are both empty' });
  }
  if (problems.length > 0) throw new BadInput(problems);
  return fields;
}

async function readWorkflowCode(dir: string): Promise<WorkflowCode> {
  const file = join(dir, 'workflows.js');
  const text = await readText(file);
  const mapFile = `${file}.map`;
  const mapText = await readText(mapFile, 'optional');
  if (mapText === undefined) return { file, text };
  const sourceMap = parseJson(mapFile, mapText);
  if (typeof sourceMap !== 'object' || sourceMap === null || (sourceMap as { version?: unknown }).version !== 3) {
    throw new BadInput([{ file: mapFile, field: 'version', message: 'must be a source map of version 3' }]);
  }
  return { file, text, sourceMap };
}

async function readText(file: string): Promise<string>;
async function readText(file: string, optional: 'optional'): Promise<string | undefined>;
async function readText(file: string, optional?: 'optional'): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (thrown) {
    if (optional !== undefined && (thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new BadInput([{ file, message: `can't be read: ${fileReason(thrown)}` }]);
  }
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new BadInput([{ file, message: `isn't JSON: ${messageOf(thrown)}` }]);
  }
}

/** The server's own rule; it would refuse every poll, without end. */
function checkDeploymentName(file: string, name: string): Problem[] {
  if (!/[:.]|^__/.test(name)) return [];
  return [{ file, field: 'deploymentName', message: `'${name}' is refused by Temporal: a deployment name has no ':' or '.' and does not start with '__'` }];
}

/** Two modules may not claim one activity type: which one runs would depend on their order. */
function checkActivityNames(file: string, modules: readonly ActivityModule[]): Problem[] {
  const owner = new Map<string, string>();
  const problems: Problem[] = [];
  modules.forEach(({ module, names }, m) => {
    names.forEach((name, n) => {
      const field = `activities[${m}].names[${n}]`;
      const other = owner.get(name);
      if (name === 'default') {
        problems.push({ file, field, message: "an activity can't be named 'default': the SDK would run it for every unknown activity type" });
      } else if (other !== undefined && other !== module) {
        problems.push({ file, field, message: `activity '${name}' is listed for two modules, '${other}' and '${module}': rename it in one of them` });
      }
      owner.set(name, module);
    });
  });
  return problems;
}

/** The same build ID twice on one queue would be two workers that the server can't tell apart. */
function duplicateVersions(versions: readonly Version[]): Problem[] {
  const seen = new Map<string, string>();
  return versions.flatMap(({ file, deploymentName, buildId, taskQueue }) => {
    const key = JSON.stringify([deploymentName, buildId, taskQueue]);
    const other = seen.get(key);
    seen.set(key, file);
    return other === undefined ? [] : [{ file, field: 'buildId', message: `build '${buildId}' of deployment '${deploymentName}' on task queue '${taskQueue}' is already served from ${other}` }];
  });
}
