import { randomBytes } from 'node:crypto';

const secretBytes = 32;

/** A new secret for an installation (`TENANTRY_SECRET`): 32 random bytes as base64url, 43 characters. */
export function makeSecret(): string {
  return randomBytes(secretBytes).toString('base64url');
}

/**
 * The 32 bytes of a secret that `makeSecret` made, or undefined where the text is not of that form: 43 characters of
 * base64url (RFC 4648, section 5), the spare bits of the last one zero, so that no two texts are one secret.
 */
export function readSecret(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.length === secretBytes && bytes.toString('base64url') === text ? bytes : undefined;
}
