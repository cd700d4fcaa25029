// What an activity returned or threw, as the server keeps it; or, in words, why it can't keep that.
// May use the SDK's converters. Knows no worker and no server.

import { ApplicationFailure, defaultFailureConverter, defaultPayloadConverter, ensureApplicationFailure, RawValue } from '@temporalio/common';
import proto from '@temporalio/proto';
import { messageOf } from './problem.js';

/** What a server takes at most unless it says otherwise, in bytes: Temporal's `limit.blobSize.error`. */
export const DEFAULT_LIMIT = 2 * 1024 * 1024;

/** What a payload has beside its data, at most: its encoding, and the frame of the message. */
const FRAME = 64;

/**
 * The result, converted once. Throws a failure that no retry will better where it is no JSON (`ResultNotSerializable`) or has more
 * bytes than `limit` (`ResultTooLarge`).
 */
export function activityResult(activity: string, value: unknown, limit: number): RawValue {
  if (value instanceof RawValue) return value;
  const result = converted(activity, value);
  const size = (result.payload.data?.length ?? 0) + FRAME;
  if (size <= limit) return result;
  throw ApplicationFailure.nonRetryable(
    `activity ${activity} returned ${size} bytes, and the server takes at most ${limit}: keep it in a file or a store, and return where it is`,
    'ResultTooLarge',
  );
}

/** What was thrown, if the server can keep it; else a failure of its type that says how it begins, and what was left out. */
export function activityFailure(thrown: unknown, limit: number): unknown {
  const failure = ensureApplicationFailure(thrown);
  const shortened = (why: string) => {
    const { type, nonRetryable, message } = failure;
    const begins = message.length > LONGEST ? `${message.slice(0, LONGEST)}…` : message;
    return ApplicationFailure.create({ message: `${begins} (${why})`, ...(type == null ? {} : { type }), nonRetryable: nonRetryable ?? false });
  };
  try {
    const { Failure } = proto.temporal.api.failure.v1;
    const size = Failure.encode(defaultFailureConverter.errorToFailure(failure, defaultPayloadConverter)).finish().length;
    return size <= limit ? thrown : shortened(`the whole failure has ${size} bytes, and the server takes at most ${limit}`);
  } catch (unfit) {
    return shortened(`its details are no JSON: ${messageOf(unfit)}`);
  }
}

/** How much of a message that is too long is kept, in characters. */
const LONGEST = 2_000;

function converted(activity: string, value: unknown): RawValue {
  try {
    if (value === undefined || value instanceof Uint8Array) return new RawValue(value, defaultPayloadConverter);
    // The SDK's own converter keeps to itself what JSON says, and makes a payload of a function that no workflow could read.
    const json = JSON.stringify(value) as string | undefined;
    if (json === undefined) throw new TypeError('it has none');
    return RawValue.fromPayload({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(json) });
  } catch (thrown) {
    const what = culprit(value, 'the result', new Map()) ?? `the result, of which JSON says: ${messageOf(thrown)}`;
    throw ApplicationFailure.nonRetryable(
      `activity ${activity} returned what JSON can't hold: ${what}; return numbers, texts, lists and plain objects`,
      'ResultNotSerializable',
    );
  }
}

/** What JSON can't hold, and where it is: `result.items[3].size is a bigint`. `above` has the paths of the objects that `value` is in. */
function culprit(value: unknown, path: string, above: ReadonlyMap<object, string>): string | undefined {
  if (typeof value === 'bigint') return `${path} is a bigint`;
  // Elsewhere JSON leaves them out.
  if (above.size === 0 && (typeof value === 'function' || typeof value === 'symbol')) return `${path} is a ${typeof value}`;
  if (typeof value !== 'object' || value === null) return undefined;
  const loop = above.get(value);
  if (loop !== undefined) return `${path} is ${loop} again, in a circle`;
  const within = new Map(above).set(value, path);
  const at = path === 'the result' ? 'result' : path;
  try {
    if (typeof Reflect.get(value, 'toJSON') === 'function') return undefined;
    for (const [key, inner] of Object.entries(value)) {
      const found = culprit(inner, Array.isArray(value) ? `${at}[${key}]` : `${at}.${key}`, within);
      if (found !== undefined) return found;
    }
  } catch {
    return undefined; // A getter throws, or it is nested without end: the conversion says it in its own words.
  }
  return undefined;
}
