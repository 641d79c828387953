import { TenantryError } from '../errors.ts';
import { type Change, insert, type Records, replace } from '../store/records.ts';
import { digestOf, type IdempotencyKey, idempotencyKeys, keptMilliseconds, requestMark } from './idempotency-key.ts';

/** A call that may be made again. */
export interface Repeatable {
  /** Whose key it is: the same key of another is another one. */
  readonly scope: string;
  /** As the caller gave it; undefined where they gave none, and every call has its effect. */
  readonly key: string | undefined;
  /** All that the call asks for: method, path and body. */
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
  { scope, key, request }: Repeatable,
  act: (keep: Keep<T>) => Promise<T>,
): Promise<T> {
  if (key === undefined) return await act(() => []);
  const id = digestOf(scope, key);
  const asked = requestMark(key, request);
  const standing = await ground.records.get(idempotencyKeys, id);
  const isOver = standing !== undefined && isExpired(standing, ground.now());
  if (standing !== undefined && !isOver) return answerOf(standing, asked);
  try {
    return await act((answer) => [keeping(ground, standing, { id, request: asked, answer: JSON.stringify(answer) })]);
  } catch (error) {
    if (!(error instanceof TenantryError)) throw error;
    // Another call with this key may have had its effect meanwhile, which is why this one failed.
    const meanwhile = await ground.records.get(idempotencyKeys, id);
    if (meanwhile === undefined || isExpired(meanwhile, ground.now())) throw error;
    return answerOf(meanwhile, asked);
  }
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
