import { TenantryError } from '../errors.ts';

/** Seconds after which a caller may try again where the storage failed. */
const retryAfterSeconds = 5;

/** The error that a caller gets where the storage failed: what is inside stays in its cause, for the log. */
export function unavailable(cause: unknown): TenantryError {
  return new TenantryError('storage_unavailable', 'The storage cannot do this at the moment; try again later', {
    retryAfterSeconds,
    cause,
  });
}
