// Compares what runs of an older version carry with what a newer version takes. An error is where the first is not the second.
import type * as before from './before';
import type * as now from './now';

interface Differs<At extends string, Was, Is> { at: At; was: Was; is: Is }
interface Nothing { nothing: true }
type Absent = null | undefined;
type IsAny<T> = 0 extends 1 & T ? true : false;
type Keys<T> = T extends unknown ? keyof T : never;
type Value<T, K> = T extends unknown ? (K extends keyof T ? T[K] : never) : never;
type Name<At extends string, K> = `${At}.${K & (string | number)}`;
type Or<T, Otherwise> = [T] extends [never] ? Otherwise : T;

type Compared<Was, Is, At extends string, Deep extends 0[] = []> =
  Deep['length'] extends 12 ? ([Was] extends [Is] ? never : Differs<At, Was, Is>)
  : IsAny<Was> extends true ? (unknown extends Is ? never : Differs<At, Was, Is>)
  : unknown extends Is ? never
  : [Was] extends [Is] ? Lost<Was, Is, At, [...Deep, 0]>
  : [Extract<Was, Absent>] extends [Is] ? Or<Inside<Exclude<Was, Absent>, Exclude<Is, Absent>, At, [...Deep, 0]>, Differs<At, Was, Is>>
  : Differs<At, Was, Is>;

// What a value of a type that fits would lose, or what cannot be known of it.
type Lost<Was, Is, At extends string, Deep extends 0[]> =
  Was extends (...args: never[]) => unknown ? never
  : Was extends Date ? never
  : Was extends readonly [infer Key, infer Item] ? Pair<Key, Item, Is, At, Deep>
  : Was extends readonly (infer Item)[] ? Compared<Item, Extract<Is, readonly unknown[]>[number], `${At}[]`, Deep>
  : Was extends object ? { [K in keyof Was]-?: K extends Keys<Is> ? Compared<Was[K], Value<Is, K>, Name<At, K>, Deep> : Differs<Name<At, K>, Was[K], Nothing> }[keyof Was]
  : never;

// Where in a value that does not fit the difference is.
type Inside<Was, Is, At extends string, Deep extends 0[]> =
  [Was] extends [readonly [infer Key, infer Item]] ? Pair<Key, Item, Is, At, Deep>
  : [Was] extends [readonly (infer Item)[]] ? ([Is] extends [readonly (infer Next)[]] ? Compared<Item, Next, `${At}[]`, Deep> : never)
  : [Was, Is] extends [object, object] ? ([Is] extends [readonly unknown[]] ? never : Fields<Was, Is, At, Deep>)
  : never;

type Pair<Key, Item, Is, At extends string, Deep extends 0[]> =
  [Is] extends [readonly [infer NextKey, infer Next]] ? Compared<Key, NextKey, `${At}.key`, Deep> | Compared<Item, Next, `${At}.value`, Deep> : never;

type Fields<Was, Is, At extends string, Deep extends 0[]> =
  | { [K in keyof Is]-?: K extends keyof Was ? Compared<Was[K], Is[K], Name<At, K>, Deep> : {} extends Pick<Is, K> ? never : Differs<Name<At, K>, Nothing, Is[K]> }[keyof Is]
  | { [K in keyof Was]-?: K extends keyof Is ? never : Differs<Name<At, K>, Was[K], Nothing> }[keyof Was];

export const input: never = null! as Compared<before.WarplineInput, now.WarplineInput, 'input'>;
export const state: never = null! as Compared<before.WarplineState, now.WarplineState, 'state'>;
