// What a worker runs for one version: the generated text, put before the base bundle's, with one source map for both.
// Checks the text before anything polls. Knows no server and no worker.

import vm from 'node:vm';
import { SourceMapConsumer, SourceMapGenerator } from 'source-map';
import { injectGlobals } from '@temporalio/worker/lib/workflow/vm-shared.js';
import type { BaseBundle, RawSourceMap } from './base-bundle.js';
import { BadInput, messageOf } from './problem.js';
import type { Version, WorkflowCode } from './version.js';

/** Name of the generated file in stack traces, wherever the version directory is. */
const SOURCE_NAME = 'workflows.js';
/** The one line that stands before the generated text. */
const LINES_BEFORE = 1;
const EVALUATION_TIMEOUT_MS = 2_000;

/**
 * The text of one version's workflow bundle, with its source map inline, as the SDK takes it.
 * Throws `BadInput` when the code doesn't parse, doesn't evaluate, requires what it can't have,
 * or lacks a workflow that `version.json` lists.
 */
export async function versionCode(base: BaseBundle, version: Version, code: WorkflowCode): Promise<string> {
  checkSyntax(code);
  const js = `${declaration(version)}\n${code.text}\n})});\n`;
  const sourceMap = {
    version: 3,
    file: `warpline-${version.buildId}.js`,
    sections: [
      { offset: { line: LINES_BEFORE, column: 0 }, map: await generatedMap(code) },
      { offset: { line: lineCount(js), column: 0 }, map: base.sourceMap },
    ],
  };
  checkEvaluation(version, code, js + base.code);
  const inline = Buffer.from(JSON.stringify(sourceMap)).toString('base64');
  return `${js}${base.code}//# sourceMappingURL=data:application/json;base64,${inline}`;
}

/**
 * A top-level `const` of the script: the slot sees it, but it is no property of `globalThis`, and can be
 * neither changed nor replaced by workflow code, which shares one sandbox between executions.
 */
function declaration({ deploymentName, buildId, workflows }: Version): string {
  const fields = [
    `deploymentName:${JSON.stringify(deploymentName)}`,
    `buildId:${JSON.stringify(buildId)}`,
    `workflows:Object.freeze(${JSON.stringify(workflows)})`,
    'define:Object.freeze((require,exports)=>{"use strict";',
  ];
  return `const __warpline_version=Object.freeze({${fields.join(',')}`;
}

/** Parses the text as a function body by itself, so that it can't close the function that it is put into. */
function checkSyntax({ file, text }: WorkflowCode): void {
  try {
    vm.compileFunction(`"use strict";\n${text}`, ['require', 'exports'], { filename: file, lineOffset: -1 });
  } catch (thrown) {
    const line = thrown instanceof Error ? /:(\d+)\n/.exec(thrown.stack ?? '')?.[1] : undefined;
    throw new BadInput([{ file, ...(line === undefined ? {} : { field: `line ${line}` }), message: `isn't JavaScript that a worker can run: ${messageOf(thrown)}` }]);
  }
}

/** Evaluates the version once in a sandbox like the one that executions get, so that what fails there fails here first. */
function checkEvaluation(version: Version, { file, text }: WorkflowCode, js: string): void {
  const filename = `warpline-${version.buildId}.js`;
  const sandbox = vm.createContext({}, { microtaskMode: 'afterEvaluate' });
  injectGlobals(sandbox);
  sandbox['__webpack_module_cache__'] = {};
  try {
    new vm.Script(js, { filename }).runInContext(sandbox);
    vm.runInContext('__TEMPORAL__.importWorkflows()', sandbox, { timeout: EVALUATION_TIMEOUT_MS });
  } catch (thrown) {
    // Errors of the sandbox's realm are not `instanceof Error` here.
    const { message, stack } = thrown as { message?: unknown; stack?: unknown };
    const line = lineInText(String(stack), filename, lineCount(text) + 1);
    throw new BadInput([{ file, ...(line === undefined ? {} : { field: `line ${line}` }), message: messageOf(message ?? thrown) }]);
  }
}

/** The innermost stack frame that is in the generated text, as a line of `workflows.js`. */
function lineInText(stack: string, filename: string, lines: number): number | undefined {
  for (const frame of stack.split('\n')) {
    const at = frame.lastIndexOf(`${filename}:`);
    const line = at < 0 ? NaN : Number.parseInt(frame.slice(at + filename.length + 1), 10) - LINES_BEFORE;
    if (line >= 1 && line <= lines) return line;
  }
  return undefined;
}

/**
 * A source map of the generated text, with a position for each token: where `workflows.js.map` says it came from,
 * and, where that says nothing, the place in `workflows.js` itself. So no frame is without a place.
 */
async function generatedMap({ file, text, sourceMap }: WorkflowCode): Promise<RawSourceMap> {
  const origins = sourceMap === undefined ? undefined : await readSourceMap(`${file}.map`, sourceMap);
  const generator = new SourceMapGenerator();
  text.split('\n').forEach((content, i) => {
    const line = i + 1;
    for (const { index: column } of content.matchAll(/[\w$]+|[^\w$\s]/g)) {
      const generated = { line, column };
      const origin = origins?.originalPositionFor(generated);
      if (origin?.source != null && origin.line != null && origin.column != null) {
        generator.addMapping({ generated, source: origin.source, original: { line: origin.line, column: origin.column } });
      } else {
        generator.addMapping({ generated, source: SOURCE_NAME, original: generated });
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
