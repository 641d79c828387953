import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, type JSONWebKeySet } from 'jose';
import { TenantryError } from '../errors.ts';

/** How long a retired key goes on verifying after the last of its tokens is over: room for clocks that differ. */
const graceMilliseconds = 60_000;

/** Where the keys are kept. One process at a time writes; a set that was written is there after a crash. */
export interface KeyStore {
  /** What to call the place in an error: the file's path. */
  readonly where: string;
  /** The set as it was last written, undefined where none was. @throws {TenantryError} storage_unavailable */
  read(): Promise<KeySet | undefined>;
  /** Puts the set in the place of the former one, all or nothing. @throws {TenantryError} storage_unavailable */
  write(set: KeySet): Promise<void>;
}

/** All keys that verify. Exactly one is not retired: it signs. */
export interface KeySet {
  readonly keys: readonly StoredKey[];
}

/** A key as it is kept. */
export interface StoredKey {
  /** The `kid`: the key's thumbprint, RFC 7638. */
  readonly id: string;
  /** RFC 8037. The private part, `d`, is there until the key is retired: from then on nobody can sign with it. */
  readonly jwk: { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string; readonly d?: string };
  /** RFC 3339, UTC, milliseconds. */
  readonly created_at: string;
  /** Since when another key signs. RFC 3339. */
  readonly retired_at?: string;
}

/** The keys that sign and verify tokens. Reading them never waits. */
export interface SigningKeys {
  /** The key that signs now. */
  current(): { readonly id: string; readonly privateKey: KeyObject };
  /** What verifies signatures of this key; undefined where it is unknown, or was dropped with the last of its tokens. */
  publicKey(id: string): KeyObject | undefined;
  /** The public keys that verify, RFC 7517. */
  jwks(): JSONWebKeySet;
  /**
   * Lets a new key sign, and the present one only verify until its tokens are over. Nothing changes where it throws.
   *
   * @returns the new key's id
   * @throws {TenantryError} storage_unavailable
   */
  rotate(): Promise<string>;
}

/** What `openSigningKeys` is handed. */
export interface SigningKeysOptions {
  readonly store: KeyStore;
  /** How long a token lives. */
  readonly tokenMinutes: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A set, and the usable keys that were made of it. */
interface Ring {
  readonly set: KeySet;
  readonly signing: { readonly id: string; readonly privateKey: KeyObject };
  readonly verifying: ReadonlyMap<string, { readonly publicKey: KeyObject; readonly untilMilliseconds: number }>;
}

/**
 * Reads the keys, or makes the first one where there is none.
 *
 * @throws {TenantryError} storage_unavailable: they cannot be read or written, or are damaged; the message names the place
 */
export async function openSigningKeys({ store, tokenMinutes, now }: SigningKeysOptions): Promise<SigningKeys> {
  const lifeMilliseconds = tokenMinutes * 60_000 + graceMilliseconds;
  const timestamp = () => new Date(now()).toISOString();

  let set = await store.read();
  if (set === undefined) {
    set = { keys: [await makeKey(timestamp())] };
    await store.write(set);
  }
  let ring = await openRing(set, store.where, lifeMilliseconds);

  const verifies = (id: string) => now() < (ring.verifying.get(id)?.untilMilliseconds ?? 0);

  async function replaceKey(): Promise<string> {
    const time = timestamp();
    const kept = ring.set.keys.filter(({ id }) => verifies(id)).map((key) => retire(key, time));
    const made = await makeKey(time);
    const next = { keys: [made, ...kept] };
    const nextRing = await openRing(next, store.where, lifeMilliseconds);
    await store.write(next);
    ring = nextRing;
    return made.id;
  }

  let rotation: Promise<unknown> = Promise.resolve();
  return {
    current: () => ring.signing,
    publicKey: (id) => (verifies(id) ? ring.verifying.get(id)?.publicKey : undefined),
    jwks: () => ({
      keys: ring.set.keys
        .filter(({ id }) => verifies(id))
        .map(({ id, jwk: { kty, crv, x } }) => ({ kty, crv, x, kid: id, alg: 'EdDSA', use: 'sig' })),
    }),
    rotate() {
      // One after the other, whatever became of the one before: two at once would each write a set without the other's key.
      const made = rotation.then(replaceKey, replaceKey);
      rotation = made;
      return made;
    },
  };
}

async function makeKey(time: string): Promise<StoredKey> {
  const { x, d } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  if (x === undefined || d === undefined) throw new Error('An Ed25519 key was made without x or d');
  const jwk = { kty: 'OKP', crv: 'Ed25519', x } as const;
  return { id: await calculateJwkThumbprint(jwk), jwk: { ...jwk, d }, created_at: time };
}

function retire({ id, jwk: { kty, crv, x }, created_at, retired_at }: StoredKey, time: string): StoredKey {
  return { id, jwk: { kty, crv, x }, created_at, retired_at: retired_at ?? time };
}

/** Makes usable keys of stored ones. @throws {TenantryError} storage_unavailable: they do not belong together */
async function openRing(set: KeySet, where: string, lifeMilliseconds: number): Promise<Ring> {
  try {
    const verifying = new Map<string, { publicKey: KeyObject; untilMilliseconds: number }>();
    for (const key of set.keys) {
      verifying.set(key.id, { publicKey: await openPublicKey(key), untilMilliseconds: endOf(key, lifeMilliseconds) });
    }
    if (verifying.size < set.keys.length) throw new Error('a key is there twice');
    const [signing, ...others] = set.keys.filter((key) => key.retired_at === undefined);
    if (signing === undefined || others.length > 0) throw new Error('exactly one key must not be retired');
    return { set, signing: { id: signing.id, privateKey: openPrivateKey(signing) }, verifying };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TenantryError('storage_unavailable', `${where} is damaged: ${reason}. Restore it from a backup`, {
      cause,
    });
  }
}

function endOf({ id, retired_at }: StoredKey, lifeMilliseconds: number): number {
  if (retired_at === undefined) return Number.POSITIVE_INFINITY;
  const retired = Date.parse(retired_at);
  if (Number.isNaN(retired)) throw new Error(`retired_at of key ${id} is no time`);
  return retired + lifeMilliseconds;
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
