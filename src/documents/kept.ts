import { TenantryError } from '../errors.ts';
import { digestOf, keptMilliseconds } from '../idempotency/idempotency-key.ts';
import type { Repeatable } from '../idempotency/once.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import type { KeptAnswer } from '../store/documents.ts';
import type { Routed } from './in-collection.ts';

/** A call that may be made again, as its answer is kept in the organization's place. */
export type Repeat = Pick<KeptAnswer, 'id' | 'request'>;

/** What a call is remembered by; undefined where its caller gave no key. */
export function repeatOf({ scope, key, request }: Repeatable): Repeat | undefined {
  return key === undefined ? undefined : { id: digestOf(scope, key), request };
}

/**
 * What is kept of a call that was made before.
 *
 * @throws {TenantryError} idempotency_key_reused: another request was made under its key
 */
export async function findKept<T>(
  { documents, now }: Tenancy,
  routed: Pick<Routed, 'place' | 'collectionId'>,
  repeat: Repeat | undefined,
): Promise<T | undefined> {
  if (repeat === undefined) return undefined;
  const kept = await documents.kept(routed.place, repeat.id);
  if (kept === undefined || Date.parse(kept.expires_at) <= now().getTime()) return undefined;
  if (kept.request !== requestIn(routed, repeat)) {
    throw new TenantryError('idempotency_key_reused', 'This Idempotency-Key was used for another request');
  }
  return JSON.parse(kept.answer) as T;
}

/** What a write is to keep of its call. */
export function keeping(
  { now }: Tenancy,
  routed: Pick<Routed, 'collectionId'>,
  answered: (Repeat & { readonly answer: unknown }) | undefined,
): KeptAnswer | undefined {
  if (answered === undefined) return undefined;
  const { id, answer } = answered;
  const expires_at = new Date(now().getTime() + keptMilliseconds).toISOString();
  return { id, request: requestIn(routed, answered), answer: JSON.stringify(answer), expires_at };
}

/** In a collection that was deleted and made again the same request is another one: what it made before is gone. */
function requestIn({ collectionId }: Pick<Routed, 'collectionId'>, { request }: Repeat): string {
  return digestOf(collectionId, request);
}
