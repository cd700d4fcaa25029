// A version directory as `warpline` writes it: read, checked, typed. The contract is in README.md.
// May read files. Knows no Temporal SDK and loads no user code.

import { join } from 'node:path';
import { FieldReader } from './json-fields.js';
import { BadInput, type Problem } from './problem.js';
import { parseJson, readText, readTextIfThere } from './version-files.js';

/** One module of activities that a version serves. */
export interface ActivityModule {
  /** Name that users know the module by; for messages. */
  readonly module: string;
  /** Absolute path of its entry file, CommonJS or ESM; with `export`, of the folder of its package. */
  readonly path: string;
  /** Which export of the package, such as `./build`, or `.` for its main one. */
  readonly export?: string;
  /** Activity types to register: exactly these exports, no others. */
  readonly names: readonly string[];
}

/** A version directory, checked. */
export interface Version {
  /** Path of `version.json`, for messages. */
  readonly file: string;
  /** Absent for a version of activities alone, on a queue that is named by its content: nothing routes to it but that name. */
  readonly deploymentName?: string;
  readonly buildId: string;
  readonly taskQueue: string;
  /** Workflow types; empty for a version that serves only activities. */
  readonly workflows: readonly string[];
  readonly activities: readonly ActivityModule[];
  /** Generated code, a file for each workflow type, in their order. */
  readonly code: readonly WorkflowCode[];
}

/** The generated CommonJS text of a workflow. */
export interface WorkflowCode {
  /** The workflow type, which the text exports. */
  readonly type: string;
  /** Path of the file, for messages. */
  readonly file: string;
  readonly text: string;
  /** Its parsed source map, when there is one. */
  readonly sourceMap?: object;
}

/** Reads and checks one version directory; throws `BadInput` with every problem found. */
export async function readVersion(dir: string): Promise<Version> {
  const file = join(dir, 'version.json');
  const fields = await readVersionFile(file);
  return { file, ...fields, code: await readAll(fields.workflows.map((type) => readWorkflowCode(dir, type))) };
}

/** Reads every directory; throws one `BadInput` with the problems of all of them. */
export async function readVersions(dirs: readonly string[]): Promise<Version[]> {
  return readAll(dirs.map(readVersion), duplicateVersions);
}

/** Waits for all, and for what `check` finds in those that could be read; throws one `BadInput` with all problems. */
async function readAll<T>(reading: readonly Promise<T>[], check: (values: T[]) => Problem[] = () => []): Promise<T[]> {
  const problems: Problem[] = [];
  const values: T[] = [];
  for (const result of await Promise.allSettled(reading)) {
    if (result.status === 'fulfilled') values.push(result.value);
    else if (result.reason instanceof BadInput) problems.push(...result.reason.problems);
    else throw result.reason;
  }
  problems.push(...check(values));
  if (problems.length > 0) throw new BadInput(problems);
  return values;
}

type VersionFields = Omit<Version, 'file' | 'code'>;

async function readVersionFile(file: string): Promise<VersionFields> {
  const reader = new FieldReader(file, parseJson(file, await readText(file)));
  const deploymentName = reader.optionalText('deploymentName');
  const fields: VersionFields = {
    ...(deploymentName === undefined ? {} : { deploymentName }),
    buildId: reader.text('buildId'),
    taskQueue: reader.text('taskQueue'),
    workflows: reader.names('workflows'),
    activities: reader.objects('activities').map((entry) => {
      const wanted = entry.packageExport('export');
      return {
        module: entry.text('module'),
        path: entry.absolutePath('path'),
        ...(wanted === undefined ? {} : { export: wanted }),
        names: entry.names('names'),
      };
    }),
  };
  reader.finish();
  const problems = [
    ...reader.problems,
    ...checkDeploymentName(file, fields),
    ...checkWorkflowTypes(file, fields.workflows),
    ...checkActivityNames(file, fields.activities),
  ];
  if (problems.length === 0 && fields.workflows.length === 0 && fields.activities.length === 0) {
    problems.push({ file, field: 'workflows', message: 'the version serves nothing: workflows and activities are both empty' });
  }
  if (problems.length > 0) throw new BadInput(problems);
  return fields;
}

async function readWorkflowCode(dir: string, type: string): Promise<WorkflowCode> {
  const file = join(dir, `${type}.js`);
  const text = await readText(file);
  const mapFile = `${file}.map`;
  const mapText = await readTextIfThere(mapFile);
  if (mapText === undefined) return { type, file, text };
  const sourceMap = parseJson(mapFile, mapText);
  if (typeof sourceMap !== 'object' || sourceMap === null || (sourceMap as { version?: unknown }).version !== 3) {
    throw new BadInput([{ file: mapFile, field: 'version', message: 'must be a source map of version 3' }]);
  }
  return { type, file, text, sourceMap };
}

/** A workflow type is the name of its file, in a folder that may be a ConfigMap. */
function checkWorkflowTypes(file: string, types: readonly string[]): Problem[] {
  return types.flatMap((type, n) => {
    if (/^\w[\w.-]{0,199}$/.test(type)) return [];
    return [{ file, field: `workflows[${n}]`, message: `'${type}' can't be the name of a file TYPE.js: use letters, digits, '_', '-' and '.', at most 200 of them, a '-' or '.' not first` }];
  });
}

/** The server's own rule, without which it would refuse every poll, without end; and workflows are pinned to a deployment's version. */
function checkDeploymentName(file: string, { deploymentName: name, workflows }: VersionFields): Problem[] {
  if (name === undefined) {
    return workflows.length === 0 ? [] : [{ file, field: 'deploymentName', message: 'is missing: only a version without workflows does without' }];
  }
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
    return other === undefined ? [] : [{ file, field: 'buildId', message: `${build({ buildId, deploymentName })} on task queue '${taskQueue}' is already served from ${other}` }];
  });
}

/** A version in words. */
export function build({ buildId, deploymentName }: { readonly buildId: string; readonly deploymentName?: string | undefined }): string {
  return deploymentName === undefined ? `build '${buildId}'` : `build '${buildId}' of deployment '${deploymentName}'`;
}
