// The base bundle: the SDK's workflow runtime and the empty slot, made once per SDK version; and the file it is kept in.
// May run webpack (through the SDK) and touch files. Knows no versions.

import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SourceMapConsumer, SourceMapGenerator } from 'source-map';
import { bundleWorkflowCode, type Logger } from '@temporalio/worker';
import { BadInput, fileReason, messageOf } from './problem.js';

/** A base bundle, read and checked. */
export interface BaseBundle {
  /** Where it was read from, for messages. */
  readonly file: string;
  /** JavaScript without the source map comment. */
  readonly code: string;
  /** Source map of `code`; names and positions of the SDK's files. */
  readonly sourceMap: RawSourceMap;
}

/** The parts of a version 3 source map that are used here. */
export interface RawSourceMap {
  version: number;
  file?: string;
  sources: string[];
  sourcesContent?: (string | null)[];
  names: string[];
  mappings: string;
}

/** What `bundle.js` tells of the file that it made. */
export interface BundleFile {
  readonly file: string;
  readonly sdkVersion: string;
  /** Of the file's bytes; the same on every machine for the same locked packages. */
  readonly sha256: string;
}

/** Raised when the slot changes in a way that old and new `version-code.ts` can't share a bundle. */
const SLOT_VERSION = 2;
const HEADER = '// warpline base bundle ';
const MAP_COMMENT = '//# sourceMappingURL=data:application/json;base64,';

/** Version of the Temporal SDK that this program runs. */
export function sdkVersion(): string {
  const require = createRequire(import.meta.url);
  return (require('@temporalio/worker/package.json') as { version: string }).version;
}

/** Bundles and writes the file, whole or not at all; throws `BadInput` when it can't be written. */
export async function makeBaseBundle(file: string, logger: Logger): Promise<BundleFile> {
  const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  const { code } = await bundleWorkflowCode({
    workflowsPath: here('./slot.cjs'),
    workflowInterceptorModules: [here('./slot-log.cjs'), here('./slot-trace.cjs'), here('./slot-inside.cjs')],
    logger,
    // Paths relative to the package, and no module known by a hash of its absolute path: the same bytes wherever it is installed.
    webpackConfigHook: (config) => ({
      ...config,
      context: dirname(here('.')),
      output: { ...config.output, devtoolModuleFilenameTemplate: '[resource-path]' },
      resolve: {
        ...config.resolve,
        alias: {
          ...config.resolve?.alias,
          __temporal_custom_payload_converter$: here('./default-converter.cjs'),
          __temporal_custom_failure_converter$: here('./default-converter.cjs'),
        },
      },
    }),
  });
  const [js, map] = splitSourceMap(code);
  const text = `${headerLine()}\n${js}${MAP_COMMENT}${Buffer.from(await leanSourceMap(map)).toString('base64')}\n`;
  await writeWhole(file, text);
  return { file: resolve(file), sdkVersion: sdkVersion(), sha256: createHash('sha256').update(text).digest('hex') };
}

/** Reads a file that `makeBaseBundle` wrote for this SDK version; throws `BadInput` otherwise. */
export async function readBaseBundle(file: string): Promise<BaseBundle> {
  const make = `make it with: node dist/bundle.js --out ${file}`;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (thrown) {
    throw new BadInput([{ file, field: '--bundle', message: `can't be read: ${fileReason(thrown)}; ${make}` }]);
  }
  const end = text.indexOf('\n');
  const header = text.slice(0, end);
  if (!header.startsWith(HEADER)) throw new BadInput([{ file, field: '--bundle', message: `is not a base bundle; ${make}` }]);
  if (header !== headerLine()) {
    const found = header.slice(HEADER.length);
    throw new BadInput([{ file, field: '--bundle', message: `was made for ${found}, but this worker needs ${headerLine().slice(HEADER.length)}; ${make}` }]);
  }
  try {
    const [code, map] = splitSourceMap(text.slice(end + 1));
    return { file, code, sourceMap: JSON.parse(map) as RawSourceMap };
  } catch (thrown) {
    throw new BadInput([{ file, field: '--bundle', message: `is damaged: ${messageOf(thrown)}; ${make}` }]);
  }
}

/** The map without the SDK's sources, and without the columns of the SDK's generated entry, which holds absolute paths. */
async function leanSourceMap(json: string): Promise<string> {
  const lean = new SourceMapGenerator({ file: 'base-bundle.js' });
  await SourceMapConsumer.with(json, null, (map) =>
    map.eachMapping(({ source, name, generatedLine, generatedColumn, originalLine, originalColumn }) => {
      if (source == null || originalLine == null || originalColumn == null) return;
      const column = source.includes('autogenerated-entrypoint') ? 0 : originalColumn;
      const generated = { line: generatedLine, column: generatedColumn };
      lean.addMapping({ generated, source, original: { line: originalLine, column }, ...(name == null ? {} : { name }) });
    }),
  );
  return lean.toString();
}

function headerLine(): string {
  return `${HEADER}${JSON.stringify({ sdkVersion: sdkVersion(), slot: SLOT_VERSION })}`;
}

function splitSourceMap(code: string): [js: string, mapJson: string] {
  const at = code.lastIndexOf('//# sourceMappingURL=data:');
  const base64 = code.indexOf('base64,', at);
  if (at < 0 || base64 < 0) throw new Error('the inline source map is missing');
  return [code.slice(0, at), Buffer.from(code.slice(base64 + 'base64,'.length).trimEnd(), 'base64').toString()];
}

async function writeWhole(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(draft, text);
    await rename(draft, file);
  } catch (thrown) {
    throw new BadInput([{ file, field: '--out', message: `can't be written: ${fileReason(thrown)}` }]);
  }
}
