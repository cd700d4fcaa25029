// Typed reading of one JSON object: every field that is missing, of the wrong kind or unknown becomes a problem.
// Depends on problem.ts only. Knows nothing of what the fields mean.

import { isAbsolute } from 'node:path';
import { BadInput, type Problem } from './problem.js';

/** Reads typed fields of one JSON object and collects what is wrong with them in `problems`. */
export class FieldReader {
  readonly problems: Problem[];
  readonly #known = new Set<string>();
  readonly #fields: Record<string, unknown>;
  readonly #children: FieldReader[] = [];

  constructor(
    readonly file: string,
    value: unknown,
    readonly path: string = '',
    problems: Problem[] = [],
  ) {
    this.problems = problems;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      this.#fields = value as Record<string, unknown>;
    } else {
      throw new BadInput([...problems, { file, ...(path === '' ? {} : { field: path }), message: `must be an object, but is ${kindOf(value)}` }]);
    }
  }

  text(name: string): string {
    const value = this.#take(name);
    if (typeof value === 'string' && value !== '') return value;
    this.#refuse(name, value, 'a text that is not empty');
    return '';
  }

  /** A text that may be missing, but not empty. */
  optionalText(name: string): string | undefined {
    const value = this.#take(name);
    if (value === undefined || (typeof value === 'string' && value !== '')) return value;
    this.#refuse(name, value, 'a text that is not empty');
    return undefined;
  }

  /** `.` or a path below it, as package.json names exports; may be missing. */
  packageExport(name: string): string | undefined {
    const value = this.#take(name);
    if (value === undefined || (typeof value === 'string' && /^\.(\/.|$)/.test(value))) return value;
    this.#refuse(name, value, "an export of a package, such as '.' or './build'");
    return undefined;
  }

  absolutePath(name: string): string {
    const value = this.text(name);
    if (value !== '' && !isAbsolute(value)) this.#add(name, `must be an absolute path, but is '${value}'`);
    return value;
  }

  /** A list of distinct names; must be there, may be empty. */
  names(name: string): string[] {
    const names = this.#list(name).filter((item, i): item is string => {
      const ok = typeof item === 'string' && item !== '';
      if (!ok) this.#refuse(`${name}[${i}]`, item, 'a name');
      return ok;
    });
    names.forEach((item, i) => {
      if (names.indexOf(item) < i) this.#add(`${name}[${i}]`, `'${item}' is listed twice`);
    });
    return names;
  }

  objects(name: string): FieldReader[] {
    const readers = this.#list(name).map((item, i) => new FieldReader(this.file, item, this.#at(`${name}[${i}]`), this.problems));
    this.#children.push(...readers);
    return readers;
  }

  /** Refuses the fields that nobody asked for, here and below. */
  finish(): void {
    for (const name of Object.keys(this.#fields)) {
      if (!this.#known.has(name)) this.#add(name, `is not a field of version.json; known here: ${[...this.#known].join(', ')}`);
    }
    for (const child of this.#children) child.finish();
  }

  #list(name: string): unknown[] {
    const value = this.#take(name);
    if (Array.isArray(value)) return value;
    this.#refuse(name, value, 'a list');
    return [];
  }

  #take(name: string): unknown {
    this.#known.add(name);
    return this.#fields[name];
  }

  #at(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  #add(name: string, message: string): void {
    this.problems.push({ file: this.file, field: this.#at(name), message });
  }

  #refuse(name: string, value: unknown, wanted: string): void {
    this.#add(name, value === undefined ? `is missing: it must be ${wanted}` : `must be ${wanted}, but is ${kindOf(value)}`);
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (value === '') return 'empty';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
