// What is wrong with something that a person or `warpline` handed to this program: a file, a field, a flag.
// Depends on nothing. Knows no log and no process: the entry points print problems and choose the exit code.

/** One thing that is wrong with the input, with the place and what to do about it. */
export interface Problem {
  /** Absolute or as-given path of the file that is wrong, or `command line`. */
  readonly file: string;
  /** Field path (`activities[0].names[1]`), flag (`--bundle`) or `line:column`; absent when the whole file is wrong. */
  readonly field?: string;
  /** One line. */
  readonly message: string;
}

/** Exit code for bad input: nothing was started, and a restart won't help. */
export const EXIT_BAD_INPUT = 2;

/** Exit code of a replay that could not be done, or not to its end: a server that is not there. Another try may help. */
export const EXIT_NOT_DONE = 3;

/** Thrown before anything polls; carries every problem that was found, in order. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(describeProblem).join('\n'));
    this.problems = problems;
  }
}

/** `FILE: FIELD: MESSAGE` on one line, for humans. */
export function describeProblem({ file, field, message }: Problem): string {
  return field === undefined ? `${file}: ${message}` : `${file}: ${field}: ${message}`;
}

/** The message of anything that was thrown, without line breaks. */
export function messageOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.replace(/\s*\n\s*/g, ' ').trim();
}

/** Reason of a failed file operation in words (`no such file or directory`), without Node's `ENOENT: … open '…'` frame. */
export function fileReason(thrown: unknown): string {
  const frame = /^E[A-Z0-9]+: ([^,]+),/.exec(messageOf(thrown));
  return frame?.[1] ?? messageOf(thrown);
}
