import { generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { TenantryError } from '../errors.ts';

/** How long a retired key goes on verifying after the last of its tokens is over: room for clocks that differ. */
const graceMilliseconds = 60_000;

/**
 * All keys that verify, the newest first. Exactly one is neither the next nor retired: it signs. At most one is the
 * next.
 */
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
  /** There while the key only waits until every instance knows it, before it signs. */
  readonly next?: true;
  /** Since when another key signs. RFC 3339. */
  readonly retired_at?: string;
}

/** Makes a key that signs. `time` is RFC 3339. */
export async function makeKey(time: string): Promise<StoredKey> {
  const { x, d } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  if (x === undefined || d === undefined) throw new Error('An Ed25519 key was made without x or d');
  const jwk = { kty: 'OKP', crv: 'Ed25519', x } as const;
  return { id: await calculateJwkThumbprint(jwk), jwk: { ...jwk, d }, created_at: time };
}

/** The key that waits to sign, if there is one. */
export function nextKey({ keys }: KeySet): StoredKey | undefined {
  return keys.find(({ next }) => next);
}

/** The set with a key that waits. It must have none. */
export function withNext({ keys }: KeySet, made: StoredKey): KeySet {
  return { keys: [{ ...made, next: true }, ...keys] };
}

/** The set in which the key that waited signs, all others are retired, and those whose tokens are over are gone. */
export function withNextSigning({ keys }: KeySet, now: number, lifeMilliseconds: number): KeySet {
  const time = new Date(now).toISOString();
  return {
    keys: keys
      .filter((key) => now < verifiesUntil(key, lifeMilliseconds))
      .map(({ next, ...key }) => (next ? key : retire(key, time))),
  };
}

function retire({ id, jwk: { kty, crv, x }, created_at, retired_at }: StoredKey, time: string): StoredKey {
  return { id, jwk: { kty, crv, x }, created_at, retired_at: retired_at ?? time };
}

/**
 * Until when a key verifies, in milliseconds since 1970.
 *
 * @param lifeMilliseconds how long a token lives
 * @throws {Error} the key does not say when it was retired
 */
export function verifiesUntil({ id, retired_at }: StoredKey, lifeMilliseconds: number): number {
  if (retired_at === undefined) return Number.POSITIVE_INFINITY;
  const retired = Date.parse(retired_at);
  if (Number.isNaN(retired)) throw new Error(`retired_at of key ${id} is no time`);
  return retired + lifeMilliseconds + graceMilliseconds;
}

/**
 * Reads a set from the JSON text in which it was kept.
 *
 * @param where what to call the place in an error
 * @throws {TenantryError} storage_unavailable: it is no set of keys; the message holds nothing of the text
 */
export function parseKeySet(text: string, where: string): KeySet {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, and with it a private key.
    throw damagedKeys(where, 'it is not JSON');
  }
  if (!isObject(value) || !Array.isArray(value['keys']) || !value['keys'].every(isStoredKey)) {
    throw damagedKeys(where, 'it is not a set of signing keys');
  }
  return { keys: value['keys'] };
}

/** The error that tells of keys that were found, and cannot be used. */
export function damagedKeys(where: string, what: string, cause?: unknown): TenantryError {
  return new TenantryError('storage_unavailable', `${where} is damaged: ${what}. Restore it from a backup`, { cause });
}

function isStoredKey(value: unknown): value is StoredKey {
  if (!isObject(value) || !isObject(value['jwk'])) return false;
  const { id, jwk, created_at, next, retired_at } = value;
  return (
    typeof id === 'string' &&
    jwk['kty'] === 'OKP' &&
    jwk['crv'] === 'Ed25519' &&
    typeof jwk['x'] === 'string' &&
    ['string', 'undefined'].includes(typeof jwk['d']) &&
    typeof created_at === 'string' &&
    [true, undefined].some((right) => next === right) &&
    ['string', 'undefined'].includes(typeof retired_at)
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
