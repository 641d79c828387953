import { TenantryError } from '../errors.ts';
import type { Outcome } from '../store/records.ts';
import { idempotencyKeys } from './idempotency-key.ts';

/**
 * Refuses a commit in which another call with the same key was faster; `once` then answers with what that one did.
 *
 * @throws {TenantryError} busy
 */
export function refuseKept(outcome: Outcome): void {
  if (outcome.result === 'done' || outcome.kind !== idempotencyKeys.name) return;
  throw new TenantryError('busy', 'A call with this Idempotency-Key is under way; try again', { retryAfterSeconds: 1 });
}
