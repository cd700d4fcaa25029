// What a worker runs for one version: the generated text, put before the base bundle's, with one source map for both.
// Checks the text before anything polls. Knows no server and no worker.

import vm from 'node:vm';
import { SourceMapConsumer, SourceMapGenerator } from 'source-map';
import { injectGlobals } from '@temporalio/worker/lib/workflow/vm-shared.js';
import type { BaseBundle, RawSourceMap } from './base-bundle.js';
import { BadInput, messageOf, type Problem } from './problem.js';
import type { Version, WorkflowCode } from './version.js';

const EVALUATION_TIMEOUT_MS = 2_000;

/** What a worker runs for one version. */
export interface VersionCode {
  /** The text of the workflow bundle, with its source map inline, as the SDK takes it. */
  readonly code: string;
  /** The files that its source map leads to from generated code, as they stand in stack traces. */
  readonly sources: ReadonlySet<string>;
  /** The names in its source map: the nodes, which stand in stack traces in place of functions. */
  readonly nodes: ReadonlySet<string>;
}

/**
 * The code of one version. With `trace` its executions tell which commands they give (see slot-trace.cts).
 * Throws `BadInput` when the code doesn't parse, doesn't evaluate, requires what it can't have,
 * or lacks a workflow that `version.json` lists.
 */
export async function versionCode(base: BaseBundle, version: Version, { trace }: { readonly trace: boolean }): Promise<VersionCode> {
  const problems = version.code.flatMap(checkSyntax);
  if (problems.length > 0) throw new BadInput(problems);
  const { js, places } = declaration(version, trace);
  const maps: RawSourceMap[] = [];
  for (const { code } of places) maps.push(await generatedMap(code));
  const sections = [
    ...maps.map((map, i) => ({ offset: { line: places[i]?.line, column: 0 }, map })),
    { offset: { line: lineCount(js), column: 0 }, map: base.sourceMap },
  ];
  const filename = `warpline-${version.buildId}.js`;
  const sourceMap = { version: 3, file: filename, sections };
  checkEvaluation(filename, places, js + base.code);
  const inline = Buffer.from(JSON.stringify(sourceMap)).toString('base64');
  return {
    code: `${js}${base.code}//# sourceMappingURL=data:application/json;base64,${inline}`,
    sources: new Set(maps.flatMap(({ sources }) => sources)),
    nodes: new Set(maps.flatMap(({ names }) => names)),
  };
}

/** Where a file's text begins, as a line (from 0) of the script. */
interface Place {
  readonly line: number;
  readonly code: WorkflowCode;
}

/**
 * The declaration of a version: a top-level `const` of the script. The slot sees it, but it is no property of `globalThis`,
 * and can be neither changed nor replaced by workflow code, which shares one sandbox between executions.
 */
function declaration({ deploymentName = '', buildId, code }: Version, trace: boolean): { js: string; places: Place[] } {
  const places: Place[] = [];
  const fields = `deploymentName:${JSON.stringify(deploymentName)},buildId:${JSON.stringify(buildId)},trace:${trace}`;
  let js = `const __warpline_version=Object.freeze({${fields},workflows:Object.freeze({\n`;
  for (const file of code) {
    // A computed key is a plain property, whatever its name.
    js += `[${JSON.stringify(file.type)}]:Object.freeze((require,exports)=>{"use strict";\n`;
    places.push({ line: lineCount(js), code: file });
    js += `${file.text}\n}),\n`;
  }
  return { js: `${js}})});\n`, places };
}

/** Parses the text as a function body by itself, so that it can't close the function that it is put into. */
function checkSyntax({ file, text }: WorkflowCode): Problem[] {
  try {
    vm.compileFunction(`"use strict";\n${text}`, ['require', 'exports'], { filename: file, lineOffset: -1 });
    return [];
  } catch (thrown) {
    const line = thrown instanceof Error ? /:(\d+)\n/.exec(thrown.stack ?? '')?.[1] : undefined;
    return [{ file, ...(line === undefined ? {} : { field: `line ${line}` }), message: `isn't JavaScript that a worker can run: ${messageOf(thrown)}` }];
  }
}

/** Evaluates each file once in a sandbox like the one that executions get, so that what fails there fails here first. */
function checkEvaluation(filename: string, places: readonly Place[], js: string): void {
  const sandbox = vm.createContext({}, { microtaskMode: 'afterEvaluate' });
  injectGlobals(sandbox);
  sandbox['__webpack_module_cache__'] = {};
  new vm.Script(js, { filename }).runInContext(sandbox);
  const problems = places.flatMap((place): Problem[] => {
    const { type, file } = place.code;
    try {
      vm.runInContext(`__TEMPORAL__.importWorkflows()[${JSON.stringify(type)}]`, sandbox, { timeout: EVALUATION_TIMEOUT_MS });
      return [];
    } catch (thrown) {
      // Errors of the sandbox's realm are not `instanceof Error` here.
      const { message, stack } = thrown as { message?: unknown; stack?: unknown };
      return [{ file, ...lineOf(String(stack), filename, place), message: messageOf(message ?? thrown) }];
    }
  });
  if (problems.length > 0) throw new BadInput(problems);
}

/** The innermost stack frame that is in the text of a file, as a line of it. */
function lineOf(stack: string, filename: string, { line: start, code }: Place): { field?: string } {
  for (const frame of stack.split('\n')) {
    const at = frame.lastIndexOf(`${filename}:`);
    const line = at < 0 ? NaN : Number.parseInt(frame.slice(at + filename.length + 1), 10) - start;
    if (line >= 1 && line <= lineCount(code.text) + 1) return { field: `line ${line}` };
  }
  return {};
}

/**
 * A source map of a generated text, with a position for each token: where its own map says it came from (with the node
 * as name), and, where that says nothing, the place in the text itself. So no frame is without a place.
 */
async function generatedMap({ type, file, text, sourceMap }: WorkflowCode): Promise<RawSourceMap> {
  const origins = sourceMap === undefined ? undefined : await readSourceMap(`${file}.map`, sourceMap);
  const generator = new SourceMapGenerator();
  text.split('\n').forEach((content, i) => {
    const line = i + 1;
    for (const { index: column } of content.matchAll(/[\w$]+|[^\w$\s]/g)) {
      const generated = { line, column };
      const origin = origins?.originalPositionFor(generated);
      if (origin?.source != null && origin.line != null && origin.column != null) {
        const original = { line: origin.line, column: origin.column };
        generator.addMapping({ generated, source: origin.source, original, ...(origin.name == null ? {} : { name: origin.name }) });
      } else {
        generator.addMapping({ generated, source: `${type}.js`, original: generated });
      }
    }
  });
  origins?.destroy();
  return JSON.parse(generator.toString()) as RawSourceMap;
}

async function readSourceMap(file: string, sourceMap: object): Promise<SourceMapConsumer> {
  try {
    return await new SourceMapConsumer(sourceMap as RawSourceMap as never);
  } catch (thrown) {
    throw new BadInput([{ file, message: `is not a source map: ${messageOf(thrown)}` }]);
  }
}

function lineCount(text: string): number {
  return text.split('\n').length - 1;
}
