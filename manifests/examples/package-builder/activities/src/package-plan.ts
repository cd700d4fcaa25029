// Reads a package's plan: Markdown for people, with one fenced `json` block that holds the plan's data
// and fenced blocks titled with a path that hold the files to scaffold.
// Depends on files.ts and the categories; it must not know what is done with a plan.

import { ApplicationFailure } from '@temporalio/activity';
import { readTextIfPresent } from './files';
import { packageCategories } from './package-category';
import type { PackageCategory } from './types';

/** The data of a plan. */
export interface PackagePlan {
  packageName: string;
  category: PackageCategory;
  /** `create` for a new package, `upgrade` for a new version of a published one. */
  kind: 'create' | 'upgrade';
  /** The version that the plan leads to. */
  targetVersion: string;
  /** npm names and version ranges of the dependencies. */
  dependencies: Record<string, string>;
  /** The names that the package has to export. */
  exports: string[];
  /** What an upgrade changes, one sentence each. */
  changes: string[];
  /** The files to scaffold; paths are relative to the package's folder. */
  files: PlannedFile[];
}

/** A file whose content stands in a plan. */
export interface PlannedFile {
  path: string;
  content: string;
}

/**
 * Reads the plan at `path`; undefined when there is none.
 * Throws a non-retryable `InvalidPlan` failure that names the file when its data cannot be used.
 */
export async function readPlan(path: string): Promise<PackagePlan | undefined> {
  const text = await readTextIfPresent(path);
  return text === undefined ? undefined : parsePlan(text, path);
}

/** As {@link readPlan}, but a missing plan is a non-retryable `PlanNotFound` failure. */
export async function requirePlan(path: string): Promise<PackagePlan> {
  const plan = await readPlan(path);
  if (plan === undefined) {
    const message = `there is no plan at ${path}: write one, or correct planPath`;
    throw ApplicationFailure.nonRetryable(message, 'PlanNotFound');
  }
  return plan;
}

/** Parses a plan's text; `source` names it in errors. */
export function parsePlan(text: string, source: string): PackagePlan {
  const blocks = fencedBlocks(text);
  const dataBlock = blocks.find((block) => block.info === 'json');
  if (dataBlock === undefined) throw invalidPlan(source, 'it has no ```json block with the plan\'s data');
  const data = parseData(dataBlock.content, source);
  return {
    packageName: requiredText(data, 'package', source),
    category: choice(data, 'category', packageCategories, source) as PackageCategory,
    kind: choice(data, 'kind', ['create', 'upgrade'], source) as 'create' | 'upgrade',
    targetVersion: requiredText(data, 'targetVersion', source),
    dependencies: ranges(data, source),
    exports: texts(data, 'exports', source),
    changes: texts(data, 'changes', source),
    files: blocks.flatMap((block) => {
      const path = /\btitle="([^"]+)"/.exec(block.info)?.[1];
      return path === undefined ? [] : [{ path, content: block.content }];
    }),
  };
}

interface FencedBlock {
  info: string;
  content: string;
}

function fencedBlocks(text: string): FencedBlock[] {
  const pattern = /^(`{3,})([^`\n]*)\n([\s\S]*?)^\1[ \t]*$/gm;
  return [...text.matchAll(pattern)].map((match) => ({ info: (match[2] ?? '').trim(), content: match[3] ?? '' }));
}

function parseData(json: string, source: string): Record<string, unknown> {
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch (error) {
    throw invalidPlan(source, `its json block does not parse: ${(error as Error).message}`);
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw invalidPlan(source, 'its json block is not an object');
  }
  return data as Record<string, unknown>;
}

function requiredText(data: Record<string, unknown>, field: string, source: string): string {
  const value = data[field];
  if (typeof value !== 'string' || value === '') throw invalidPlan(source, `"${field}" has to be a text`);
  return value;
}

function choice(data: Record<string, unknown>, field: string, allowed: readonly string[], source: string): string {
  const value = requiredText(data, field, source);
  if (!allowed.includes(value)) throw invalidPlan(source, `"${field}" is "${value}": use one of ${allowed.join(', ')}`);
  return value;
}

function texts(data: Record<string, unknown>, field: string, source: string): string[] {
  const value = data[field] ?? [];
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
    throw invalidPlan(source, `"${field}" has to be a list of texts`);
  }
  return value as string[];
}

function ranges(data: Record<string, unknown>, source: string): Record<string, string> {
  const value = data['dependencies'] ?? {};
  if (typeof value !== 'object' || value === null || Object.values(value).some((range) => typeof range !== 'string')) {
    throw invalidPlan(source, '"dependencies" has to map npm names to version ranges');
  }
  return value as Record<string, string>;
}

function invalidPlan(source: string, problem: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`the plan ${source} cannot be used: ${problem}`, 'InvalidPlan');
}
