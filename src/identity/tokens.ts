import { type KeyObject, randomUUID, verify } from 'node:crypto';
import { base64url, decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { TenantryError } from '../errors.ts';
import type { SigningKeys } from './signing-keys.ts';

const audience = 'tenantry';
const mostCharacters = 4_096;

/** About 15 MB where every token is as long as the longest names make it; 5 MB as a rule. */
const mostVerified = 10_000;

/** Three parts of base64url. 64 bytes of signature are 86 characters, the last of which has four bits to spare: zeros. */
const form = /^[\w-]+\.[\w-]+\.[\w-]{85}[AQgw]$/;

/** What a token says about its holder. All of it is as of the time when the token was made. */
export interface Holder {
  /** The user's id. */
  readonly sub: string;
  readonly email: string;
  /** The user's generation: a token of another one is dead. */
  readonly generation: number;
  readonly organization_id: string;
  readonly organization_name: string;
}

/** The claims of an access token, RFC 7519. Times are whole seconds since 1970. */
export interface Claims extends Holder {
  readonly iss: string;
  readonly aud: typeof audience;
  readonly iat: number;
  readonly exp: number;
  /** Another one for each token. */
  readonly jti: string;
}

/** Access tokens: JWTs signed with EdDSA. */
export interface Tokens {
  /** Makes a token. */
  issue(holder: Holder): Promise<string>;
  /**
   * The claims of a token that this service made and whose time is not over. Whether its user and organization still
   * are what they were is for the caller to look up, each time. Waits for nothing that the thread pool has to do; where
   * the key is unknown, for a look whether another instance made it.
   *
   * @throws {TenantryError} not_authenticated; storage_unavailable: the key is unknown, and the keys cannot be read
   */
  check(token: string): Promise<Claims>;
}

/** What `createTokens` is handed. */
export interface TokensOptions {
  readonly keys: SigningKeys;
  /** The `iss` claim: the service's address. Tokens with another one are refused. */
  readonly issuer: string;
  /** How long a token lives. */
  readonly minutes: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A token whose signature and form are right. Both stay so for ever, whatever becomes of its holder. */
interface Verified {
  readonly keyId: string;
  readonly claims: Claims;
}

/** Makes the one `Tokens` of a process. */
export function createTokens({ keys, issuer, minutes, now }: TokensOptions): Tokens {
  const verified = new LRUCache<string, Verified>({ max: mostVerified });

  async function verifyFirst(token: string): Promise<Verified> {
    const keyId = readKeyId(token);
    if (keys.publicKey(keyId) === undefined) await keys.learn();
    verifySignature(token, keys.publicKey(keyId));
    const claims = readClaims(token, issuer);
    const fresh = { keyId, claims };
    verified.set(token, fresh);
    return fresh;
  }

  return {
    issue(holder) {
      const { sub, email, generation, organization_id, organization_name } = holder;
      const { id, privateKey } = keys.current();
      const issuedAt = Math.floor(now() / 1000);
      return new SignJWT({ email, generation, organization_id, organization_name })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', kid: id })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(sub)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + minutes * 60)
        .setJti(randomUUID())
        .sign(privateKey);
    },
    async check(token) {
      const { keyId, claims } = verified.get(token) ?? (await verifyFirst(token));
      // No tolerance: the clock that judges is, but for other instances, the one that wrote `exp`.
      if (now() >= claims.exp * 1000 || keys.publicKey(keyId) === undefined) {
        verified.delete(token);
        throw refused();
      }
      return claims;
    },
  };
}

/** Takes no form and no header but those that we write, RFC 7515. @returns the `kid` */
function readKeyId(token: string): string {
  if (token.length > mostCharacters || !form.test(token)) throw refused();
  const { alg, typ, kid, ...rest } = readOrRefuse(() => decodeProtectedHeader(token));
  if (alg !== 'EdDSA' || typ !== 'JWT' || typeof kid !== 'string' || Object.keys(rest).length > 0) throw refused();
  return kid;
}

function verifySignature(token: string, publicKey: KeyObject | undefined): void {
  const dot = token.lastIndexOf('.');
  const signed = Buffer.from(token.slice(0, dot));
  // WebCrypto, which jose verifies with, would wait in the thread pool behind password hashes.
  if (publicKey === undefined || !verify(null, signed, publicKey, base64url.decode(token.slice(dot + 1)))) {
    throw refused();
  }
}

/**
 * `iat` is not compared with the clock: under our signature it is only ever ahead where a clock was set back, and then
 * all tokens would die at once.
 */
function readClaims(token: string, issuer: string): Claims {
  const claims = readOrRefuse(() => decodeJwt(token));
  if (!isClaims(claims) || claims.iss !== issuer) throw refused();
  return Object.freeze(claims);
}

const claimChecks = {
  iss: isText,
  aud: (value) => value === audience,
  sub: isText,
  email: isText,
  generation: Number.isSafeInteger,
  organization_id: isText,
  organization_name: isText,
  iat: Number.isSafeInteger,
  exp: Number.isSafeInteger,
  jti: isText,
} satisfies Record<keyof Claims, (value: unknown) => boolean>;

function isClaims(value: object): value is Claims {
  const claims = new Map(Object.entries(value));
  return Object.entries(claimChecks).every(([name, isRight]) => isRight(claims.get(name)));
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

/** What cannot be read was not made by us; why it cannot is told to nobody. */
function readOrRefuse<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw refused();
  }
}

function refused(): TenantryError {
  return new TenantryError('not_authenticated', 'Not authenticated');
}
