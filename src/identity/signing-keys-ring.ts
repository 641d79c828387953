import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { damagedKeys, type KeySet, nextKey, type StoredKey, verifiesUntil } from './signing-keys-set.ts';

/** A set, and the usable keys that were made of it. */
export interface KeyRing {
  readonly set: KeySet;
  readonly signing: { readonly id: string; readonly privateKey: KeyObject };
  /** By their ids. Times in milliseconds since 1970. */
  readonly verifying: ReadonlyMap<string, { readonly publicKey: KeyObject; readonly untilMilliseconds: number }>;
}

/**
 * Makes usable keys of stored ones.
 *
 * @param where what to call the place in an error
 * @param lifeMilliseconds how long a token lives
 * @throws {TenantryError} storage_unavailable: they do not belong together
 */
export async function openKeyRing(set: KeySet, where: string, lifeMilliseconds: number): Promise<KeyRing> {
  try {
    const verifying = new Map<string, { publicKey: KeyObject; untilMilliseconds: number }>();
    for (const key of set.keys) {
      const untilMilliseconds = verifiesUntil(key, lifeMilliseconds);
      verifying.set(key.id, { publicKey: await openPublicKey(key), untilMilliseconds });
    }
    if (verifying.size < set.keys.length) throw new Error('a key is there twice');
    const { signing, next } = inUse(set);
    if (next !== undefined) openPrivateKey(next);
    return { set, signing: { id: signing.id, privateKey: openPrivateKey(signing) }, verifying };
  } catch (cause) {
    throw damagedKeys(where, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** The keys of a set that are not retired, looked at as to their number. */
function inUse(set: KeySet): { readonly signing: StoredKey; readonly next: StoredKey | undefined } {
  const next = nextKey(set);
  const [signing, ...others] = set.keys.filter((key) => key !== next && key.retired_at === undefined);
  if (signing === undefined || others.length > 0) throw new Error('exactly one key must not be retired');
  if (next?.retired_at !== undefined) throw new Error(`key ${next.id} is retired before it signs`);
  return { signing, next };
}

async function openPublicKey({ id, jwk: { kty, crv, x } }: StoredKey): Promise<KeyObject> {
  const jwk = { kty, crv, x };
  if ((await calculateJwkThumbprint(jwk)) !== id) throw new Error(`key ${id} has another thumbprint`);
  return createPublicKey({ key: jwk, format: 'jwk' });
}

function openPrivateKey({ id, jwk: { kty, crv, x, d } }: StoredKey): KeyObject {
  if (d === undefined) throw new Error(`key ${id} has no private part`);
  const privateKey = createPrivateKey({ key: { kty, crv, x, d }, format: 'jwk' });
  const made = createPublicKey(privateKey).export({ format: 'jwk' });
  if (made.x !== x) throw new Error(`the parts of key ${id} are not a pair`);
  return privateKey;
}
