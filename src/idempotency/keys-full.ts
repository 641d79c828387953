import { TenantryError } from '../errors.ts';

/** After so many seconds some of the keys may be over. */
const retryAfterSeconds = 60;

/** What is told of a call with a key where as many are remembered for its organization as may be. */
export function keysFull(): TenantryError {
  const detail =
    'As many Idempotency-Keys are remembered for the organization as may be; make the call without one, with ids of your own';
  return new TenantryError('idempotency_keys_full', detail, { retryAfterSeconds });
}

/** The same of the operator, whose creations of organizations are remembered for all. */
export function keysOfOperatorFull(): TenantryError {
  const detail =
    'As many Idempotency-Keys are remembered for the operator as may be; make the call without one, the name tells whether it was done';
  return new TenantryError('idempotency_keys_full', detail, { retryAfterSeconds });
}
