/** How an attempt of `flaky` or `unsteady` ended. */
export interface Attempt {
  success: boolean;
  attempt: number;
  stderr: string;
}
/** Says it back. */
export declare function echo(text: string): Promise<string>;
/** Adds. */
export declare function add(input: { a: number; b: number }): Promise<number>;
/** Waits so many milliseconds. */
export declare function pause(milliseconds: number): Promise<string>;
/** Throws in its first `failures` calls with this key. */
export declare function flaky(input: { key: string; failures: number }): Promise<Attempt>;
/** Answers `success: false` in its first `failures` calls with this key. */
export declare function unsteady(input: { key: string; failures: number }): Promise<Attempt>;
/** Throws an error of the type `name`. */
export declare function broken(input: { name: string; message: string }): Promise<string>;
/** Remembers a line under a key; returns how many there are. */
export declare function note(key: string, line: string): Promise<number>;
