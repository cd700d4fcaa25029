// What the fix agent's process reads from its standard input.
// Depends on types.ts; it must not hold code.

import type { FixRequest } from './types';

/** One order to an agent. */
export interface FixOrder extends FixRequest {
  /** The same for every attempt of one activity, so that a retry finishes the fix that it began. */
  requestId: string;
}
