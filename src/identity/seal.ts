import { sign, verify } from 'node:crypto';
import { base64url } from 'jose';
import type { SigningKeys } from './signing-keys.ts';

/** Keeps what is signed here apart from access tokens: no token's text begins so. */
const prefix = 'tenantry seal 1\n';

/** Payload, the key's id and 64 bytes of signature, whose last character has four bits to spare: zeros. */
const form = /^([\w-]*)\.([\w-]+)\.([\w-]{85}[AQgw])$/;

/** The keys, as far as sealing needs them. */
export type SealKeys = Pick<SigningKeys, 'current' | 'publicKey' | 'learn'>;

/**
 * A text that a caller carries and cannot change, good as long as its key verifies: after a rotation, as long as the access
 * tokens of the old key. It is not encrypted.
 *
 * @param purpose what it may be used for; for another purpose it is none of ours
 */
export function seal(keys: SealKeys, purpose: string, text: string): string {
  const { id, privateKey } = keys.current();
  const payload = base64url.encode(text);
  return `${payload}.${id}.${base64url.encode(sign(null, signed(purpose, payload), privateKey))}`;
}

/**
 * The text that was sealed for this purpose; undefined where it was not, by us.
 *
 * @throws {TenantryError} storage_unavailable: its key is unknown, and the keys cannot be read
 */
export async function unseal(keys: SealKeys, purpose: string, sealed: string): Promise<string | undefined> {
  const [, payload = '', keyId = '', signature = ''] = form.exec(sealed) ?? [];
  if (signature === '') return undefined;
  if (keys.publicKey(keyId) === undefined) await keys.learn();
  const key = keys.publicKey(keyId);
  if (key === undefined || !verify(null, signed(purpose, payload), key, base64url.decode(signature))) return undefined;
  return Buffer.from(payload, 'base64url').toString();
}

function signed(purpose: string, payload: string): Buffer {
  return Buffer.from(`${prefix}${purpose}\n${payload}`);
}
