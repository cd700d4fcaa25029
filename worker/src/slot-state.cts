// Runs inside the workflow sandbox: a workflow's state as JSON that people can read, without what is not to be shown. Pure.

/** What stands in the place of what is not shown. */
const REDACTED = '[redacted]';
/** How deep a state is shown. */
const DEEPEST = 64;

type Paths = readonly (readonly string[])[];

/**
 * A map with string keys becomes an object, another one a list of pairs, a set a list, a date its ISO form. `redactions` are paths of names,
 * with `*` for each element. The value is not changed.
 */
function readable(value: unknown, redactions: Paths): unknown {
  return shown(value, redactions, []);
}

function shown(value: unknown, paths: Paths, around: readonly object[]): unknown {
  if (paths.some((path) => path.length === 0)) return REDACTED;
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (around.includes(value)) return '[circular]';
  if (around.length >= DEEPEST) return '…';
  const below = [...around, value];
  const inner = (key: string, each: unknown) => shown(each, next(paths, key), below);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof Error) return { name: value.name, message: value.message };
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.map((each, at) => inner(String(at), each) ?? null);
  if (value instanceof Set) return [...value].map((each, at) => inner(String(at), each) ?? null);
  if (value instanceof Map) {
    const entries = [...value];
    const isObject = entries.every(([key]) => typeof key === 'string');
    return isObject ? object(entries.map(([key, each]) => [key, inner(key, each)])) : entries.map(([key, each]) => [shown(key, [], below), inner(String(key), each) ?? null]);
  }
  return object(Object.entries(value).map(([key, each]) => [key, inner(key, each)]));
}

/** What is left of the paths that lead through a key. */
function next(paths: Paths, key: string): Paths {
  return paths.length === 0 ? paths : paths.filter(([first]) => first === '*' || first === key).map((path) => path.slice(1));
}

/** An object whose keys are only keys, `__proto__` too. */
function object(entries: readonly [string, unknown][]): Record<string, unknown> {
  const made: Record<string, unknown> = Object.create(null);
  for (const [key, value] of entries) made[key] = value;
  return made;
}

export = { readable };
