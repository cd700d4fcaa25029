// The files of a version directory as they lie in it: whole, or, where one volume can't hold them, in pieces.
// May read files. Knows nothing of what is in them.

import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { BadInput, fileReason, messageOf } from './problem.js';

/**
 * The text of a file, from the file itself or from its pieces: `FILE.gz.0`, `FILE.gz.1`, … of one gzip stream.
 * Throws `BadInput` when there is neither, or both.
 */
export async function readText(file: string): Promise<string> {
  const text = await readTextIfThere(file);
  if (text === undefined) throw new BadInput([{ file, message: "can't be read: no such file or directory" }]);
  return text;
}

/** The same, or nothing when there is neither. */
export async function readTextIfThere(file: string): Promise<string | undefined> {
  const whole = await read(file);
  const stream = await readPieces(file);
  if (whole !== undefined && stream !== undefined) {
    throw new BadInput([{ file, message: `is there twice, whole and in pieces (${file}.gz.0, …): remove one of them` }]);
  }
  return (whole ?? stream)?.toString('utf8');
}

/** Parses a JSON text; `file` is for the message. */
export function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new BadInput([{ file, message: `isn't JSON: ${messageOf(thrown)}` }]);
  }
}

async function readPieces(file: string): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  for (let piece = await read(`${file}.gz.0`); piece !== undefined; piece = await read(`${file}.gz.${pieces.length}`)) pieces.push(piece);
  if (pieces.length === 0) return undefined;
  try {
    return gunzipSync(Buffer.concat(pieces));
  } catch (thrown) {
    throw new BadInput([{ file: `${file}.gz.0`, message: `is, with the pieces that follow it (${pieces.length} in all), no whole gzip stream: ${messageOf(thrown)}` }]);
  }
}

async function read(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new BadInput([{ file, message: `can't be read: ${fileReason(thrown)}` }]);
  }
}
