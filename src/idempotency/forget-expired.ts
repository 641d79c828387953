import { setImmediate } from 'node:timers/promises';
import { remove } from '../store/records.ts';
import { idempotencyKeys } from './idempotency-key.ts';
import { isExpired, type OnceGround } from './once.ts';

const pageSize = 100;

/** Removes the keys whose time is over, the oldest first, until the signal. Several instances may do it at once. */
export async function forgetExpired({ records, now }: OnceGround, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const page = await records.list(idempotencyKeys, 'expires_at', { limit: pageSize });
    const expired = page.filter((key) => isExpired(key, now()));
    for (const key of expired) {
      if (signal.aborted) return;
      // One that was used again, or is gone, is no affair of this sweep's any more.
      await records.commit([remove(idempotencyKeys, key)]);
    }
    if (expired.length < pageSize) return;
    // Reading them must not hold up the calls of others.
    await setImmediate();
  }
}
