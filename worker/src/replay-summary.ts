// What a replay came to, in so few words that a pod can end with them.
// Pure, but for the file that it is written to.

import { writeFile } from 'node:fs/promises';
import { BadInput, fileReason } from './problem.js';

/** The first execution that doesn't replay. */
export interface FirstFailure {
  readonly workflowId: string;
  readonly runId: string;
  readonly workflowType: string;
  readonly eventId?: number;
  readonly eventType?: string;
  readonly node?: string;
  readonly error: string;
}

/** The last line of a replay against a server. */
export interface Summary {
  /** Histories that were replayed, or tried. */
  readonly replayed: number;
  readonly failed: number;
  readonly first?: FirstFailure;
  /** Why the replay could not be done, or not to its end. */
  readonly error?: string;
}

/** How much Kubernetes takes of a termination message, in bytes. */
const ROOM = 4096;

/** As JSON on one line, with the errors cut where it would be longer than a termination message. */
export function summaryText({ first, error, ...counts }: Summary): string {
  for (let length = ROOM; ; length /= 2) {
    const cut = (text: string) => (text.length <= length ? text : `${text.slice(0, length)}…`);
    const shorter: Summary = {
      ...counts,
      ...(first === undefined ? {} : { first: { ...first, error: cut(first.error) } }),
      ...(error === undefined ? {} : { error: cut(error) }),
    };
    const text = JSON.stringify(shorter);
    if (Buffer.byteLength(text) <= ROOM || length < 1) return text;
  }
}

/** Writes it, in place: a pod's termination log is a mount. Throws `BadInput` when that can't be. */
export async function writeSummary(file: string, summary: Summary): Promise<void> {
  try {
    await writeFile(file, summaryText(summary));
  } catch (thrown) {
    throw new BadInput([{ file, field: '--summary', message: `can't be written: ${fileReason(thrown)}` }]);
  }
}
