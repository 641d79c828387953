import type { Outcome } from '../store/records.ts';
import { idempotencyKeys } from './idempotency-key.ts';

/** The record of the key was another one at the commit than before; `once` looks at it again. */
export class KeyMovedError extends Error {
  override readonly name = 'KeyMovedError';
}

/**
 * Ends an operation whose commit did not hold because of what `keep` gave.
 *
 * @throws {KeyMovedError} for `once` alone
 */
export function refuseKept(outcome: Outcome): void {
  if (outcome.result !== 'done' && outcome.kind === idempotencyKeys.name) throw new KeyMovedError();
}
