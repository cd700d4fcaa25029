// What a worker runs for one version: the generated text, put before the base bundle's, with one source map for both.
// Checks the text before anything polls. Knows no server and no worker.

import { basename } from 'node:path';
import vm from 'node:vm';
import { SourceMapConsumer, SourceMapGenerator } from 'source-map';
import { injectGlobals } from '@temporalio/worker/lib/workflow/vm-shared.js';
import type { BaseBundle, RawSourceMap } from './base-bundle.js';
import { BadInput, messageOf, type Problem } from './problem.js';
import type { Version, WorkflowCode } from './version.js';

const EVALUATION_TIMEOUT_MS = 2_000;

/**
 * The text of one version's workflow bundle, with its source map inline, as the SDK takes it.
 * Throws `BadInput` when the code doesn't parse, doesn't evaluate, requires what it can't have,
 * or lacks a workflow that `version.json` lists.
 */
export async function versionCode(base: BaseBundle, version: Version): Promise<string> {
  const problems = version.code.flatMap(checkSyntax);
  if (problems.length > 0) throw new BadInput(problems);
  const { js, places } = joined(version);
  const sections = [];
  for (const { line, code } of places) sections.push({ offset: { line, column: 0 }, map: await generatedMap(code) });
  sections.push({ offset: { line: lineCount(js), column: 0 }, map: base.sourceMap });
  const sourceMap = { version: 3, file: `warpline-${version.buildId}.js`, sections };
  checkEvaluation(version, places, js + base.code);
  const inline = Buffer.from(JSON.stringify(sourceMap)).toString('base64');
  return `${js}${base.code}//# sourceMappingURL=data:application/json;base64,${inline}`;
}

/** Where a file's text begins, as a line (from 0) of the script. */
interface Place {
  readonly line: number;
  readonly code: WorkflowCode;
}

/** The declaration of a version: each file in a function of its own, all with the same `exports`. */
function joined(version: Version): { js: string; places: Place[] } {
  let js = `${declaration(version)}\n`;
  const places: Place[] = [];
  for (const code of version.code) {
    js += '((require,exports)=>{"use strict";\n';
    places.push({ line: lineCount(js), code });
    js += `${code.text}\n})(require,exports);\n`;
  }
  return { js: `${js}})});\n`, places };
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
function checkSyntax({ file, text }: WorkflowCode): Problem[] {
  try {
    vm.compileFunction(`"use strict";\n${text}`, ['require', 'exports'], { filename: file, lineOffset: -1 });
    return [];
  } catch (thrown) {
    const line = thrown instanceof Error ? /:(\d+)\n/.exec(thrown.stack ?? '')?.[1] : undefined;
    return [{ file, ...(line === undefined ? {} : { field: `line ${line}` }), message: `isn't JavaScript that a worker can run: ${messageOf(thrown)}` }];
  }
}

/** Evaluates the version once in a sandbox like the one that executions get, so that what fails there fails here first. */
function checkEvaluation(version: Version, places: readonly Place[], js: string): void {
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
    const at = placeOf(String(stack), filename, places);
    throw new BadInput([{ ...(at ?? { file: version.code[0]?.file ?? version.file }), message: messageOf(message ?? thrown) }]);
  }
}

/** The innermost stack frame that is in a generated text, as a file and a line of it. */
function placeOf(stack: string, filename: string, places: readonly Place[]): { file: string; field: string } | undefined {
  for (const frame of stack.split('\n')) {
    const at = frame.lastIndexOf(`${filename}:`);
    const line = at < 0 ? NaN : Number.parseInt(frame.slice(at + filename.length + 1), 10) - 1;
    const place = places.find(({ line: start, code }) => line >= start && line <= start + lineCount(code.text));
    if (place !== undefined) return { file: place.code.file, field: `line ${line - place.line + 1}` };
  }
  return undefined;
}

/**
 * A source map of a generated text, with a position for each token: where its own map says it came from,
 * and, where that says nothing, the place in the text itself. So no frame is without a place.
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
        generator.addMapping({ generated, source: basename(file), original: generated });
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
