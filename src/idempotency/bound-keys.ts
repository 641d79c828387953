import type { Limits } from '../cache/limits.ts';
import { keptMilliseconds } from './idempotency-key.ts';
import { keysOfOperatorFull } from './keys-full.ts';

/** What bounds the keys that are remembered. */
export interface KeysBound {
  readonly limits: Limits;
  /** `answers`: how many. */
  readonly keptBound: { readonly answers: number };
}

const operator = 'operator';

/**
 * Does what is remembered for a key of the operator's, where fewer than may be were within a day; calls that are in work
 * at that moment may pass the bound. Each instance counts for itself.
 *
 * @throws {TenantryError} idempotency_keys_full; and what `act` throws, which is not counted
 */
export async function withinBound<T>({ limits, keptBound }: KeysBound, act: () => Promise<T>): Promise<T> {
  const limit = { name: 'operator-keys', most: keptBound.answers, seconds: keptMilliseconds / 1_000 };
  if (!(await limits.look(limit, operator)).allowed) throw keysOfOperatorFull();
  const done = await act();
  await limits.take(limit, operator);
  return done;
}
