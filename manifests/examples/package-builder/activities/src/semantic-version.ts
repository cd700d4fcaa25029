// Compares released versions (1.2.3) and matches them against the ranges that the workspace uses: exact, ^, ~ and *.
// Depends on nothing; pre-releases are not versions here, and are refused.

import { ApplicationFailure } from '@temporalio/activity';

type Version = readonly [major: number, minor: number, patch: number];

/** Negative when `a` is the lower version, positive when it is the higher one, 0 when both are the same. */
export function compareVersions(a: string, b: string): number {
  const left = parseVersion(a);
  const right = parseVersion(b);
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}

/** Whether a text is a released version, `1.2.3`. */
export function isVersion(text: string): boolean {
  return /^\d+\.\d+\.\d+$/.test(text);
}

/** Whether a version lies in a range. */
export function satisfies(version: string, range: string): boolean {
  if (range === '*') return true;
  const operator = /^[\^~]/.exec(range)?.[0] ?? '';
  const wanted = parseVersion(range.slice(operator.length));
  const actual = parseVersion(version);
  if (compareVersions(version, wanted.join('.')) < 0) return false;
  if (operator === '') return actual.every((part, index) => part === wanted[index]);
  if (actual[0] !== wanted[0]) return false;
  if (operator === '~') return actual[1] === wanted[1];
  if (wanted[0] > 0) return true;
  return wanted[1] > 0 ? actual[1] === wanted[1] : actual[1] === 0 && actual[2] === wanted[2];
}

function parseVersion(text: string): Version {
  if (!isVersion(text)) {
    throw ApplicationFailure.nonRetryable(
      `"${text}" is not a released version: expected three numbers, like 1.2.3`,
      'InvalidVersion',
    );
  }
  const [major, minor, patch] = text.split('.').map(Number) as [number, number, number];
  return [major, minor, patch];
}
