import { TenantryError } from '../errors.ts';
import { byEnd, commandEnd } from '../store/decide.ts';
import { type Change, insert, type Records, replace } from '../store/records.ts';
import { digestOf, type IdempotencyKey, idempotencyKeys, keptMilliseconds } from './idempotency-key.ts';
import { KeyMovedError } from './refuse-kept.ts';

/** A call that may be made again. */
export interface Repeatable {
  /** Whose key it is: the same key of another is another one. */
  readonly scope: string;
  /** As the caller gave it; undefined where they gave none, and every call has its effect. */
  readonly key: string | undefined;
  /** A digest of all that the call asks for: method, path and body. Empty where there is no key. */
  readonly request: string;
}

/** What an operation is handed: the changes that keep its answer, for the commit that has its effect. */
export type Keep<T> = (answer: T) => readonly Change[];

/** With what it is looked and kept. */
export interface OnceGround {
  readonly records: Records;
  now(): Date;
}

/**
 * Does something once for each key: a call that is made again within 24 hours gets the answer of the first, and so does one
 * that is made at the same time. Only success is kept, with the effect, in one commit.
 *
 * @param act commits what `keep` gives, first of all changes; where these do not hold it throws (`refuseKept`)
 * @throws {TenantryError} idempotency_key_reused: another request was made under this key; and what `act` throws
 */
export async function once<T>(
  ground: OnceGround,
  { scope, key, request: asked }: Repeatable,
  act: (keep: Keep<T>) => Promise<T>,
): Promise<T> {
  if (key === undefined) return await act(() => []);
  const id = digestOf(scope, key);
  for (let tries = 0; tries < mostTries; tries += 1) {
    const standing = await look(ground, id);
    if (isKept(standing, ground.now())) return answerOf(standing, asked);
    try {
      return await act((answer) => [keeping(ground, standing, { id, request: asked, answer: JSON.stringify(answer) })]);
    } catch (error) {
      if (!(error instanceof TenantryError || error instanceof KeyMovedError)) throw error;
      // Another call with this key may have had its effect meanwhile, which is why this one failed.
      const meanwhile = await look(ground, id);
      if (isKept(meanwhile, ground.now())) return answerOf(meanwhile, asked);
      if (error instanceof TenantryError) throw error;
    }
  }
  throw new TenantryError('busy', 'Others use the same Idempotency-Key; try again', { retryAfterSeconds: 1 });
}

/** An expired key may be removed, or used again, between a look and a commit. */
const mostTries = 3;

function look({ records }: OnceGround, id: string): Promise<IdempotencyKey | undefined> {
  return byEnd(records.get(idempotencyKeys, id), commandEnd());
}

function isKept(key: IdempotencyKey | undefined, now: Date): key is IdempotencyKey {
  return key !== undefined && !isExpired(key, now);
}

/** Whether a key is remembered no longer. */
export function isExpired({ expires_at }: IdempotencyKey, now: Date): boolean {
  return Date.parse(expires_at) <= now.getTime();
}

function keeping(
  { now }: OnceGround,
  expired: IdempotencyKey | undefined,
  kept: Pick<IdempotencyKey, 'id' | 'request' | 'answer'>,
): Change {
  const expires_at = new Date(now().getTime() + keptMilliseconds).toISOString();
  return expired === undefined
    ? insert(idempotencyKeys, { ...kept, version: 1, expires_at })
    : replace(idempotencyKeys, { ...expired, ...kept, expires_at });
}

function answerOf<T>({ request, answer }: IdempotencyKey, asked: string): T {
  if (request !== asked) {
    throw new TenantryError('idempotency_key_reused', 'This Idempotency-Key was used for another request');
  }
  return JSON.parse(answer) as T;
}
