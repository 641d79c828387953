import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TenantryError } from '../errors.ts';
import type { KeySet, KeyStore, StoredKey } from './signing-keys.ts';

const modeOfOthers = 0o077;

/**
 * Keeps the keys in `<directory>/signing-keys.json`, readable by its owner alone. The directory exists, and belongs to
 * this process. A file that is damaged or open to others is an error, never replaced: whoever lost the keys in silence
 * would have signed everybody out, and whoever used stolen ones would let in anybody.
 */
export function signingKeysFile(directory: string): KeyStore {
  const path = join(directory, 'signing-keys.json');
  return {
    where: path,
    async read() {
      const text = await reportingFailure(`${path} cannot be read`, () => readPrivately(path));
      return text === undefined ? undefined : parseKeySet(text, path);
    },
    async write(set) {
      await reportingFailure(`${path} cannot be written`, () =>
        writeDurably(directory, path, JSON.stringify(set, null, 2)),
      );
    },
  };
}

/** @returns undefined where there is no such file */
async function readPrivately(path: string): Promise<string | undefined> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const mode = (await file.stat()).mode & 0o777;
    if ((mode & modeOfOthers) !== 0) {
      throw new TenantryError(
        'storage_unavailable',
        `${path} is open to others than its owner (mode ${mode.toString(8)}), who may have read the keys. ` +
          'Run chmod 600 on it, start, and replace the key with npm run tenantry -- rotate-keys',
      );
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** After a crash at any moment the file is the old one or the new one, whole; and once this returned, the new one. */
async function writeDurably(directory: string, path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  await rm(temporary, { force: true }); // what a crash left behind
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const parent = await open(directory);
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}

function parseKeySet(text: string, path: string): KeySet {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, and with it a private key.
    throw damaged(path, 'it is not JSON');
  }
  if (!isObject(value) || !Array.isArray(value['keys']) || !value['keys'].every(isStoredKey)) {
    throw damaged(path, 'it is not a set of signing keys');
  }
  return { keys: value['keys'] };
}

function isStoredKey(value: unknown): value is StoredKey {
  if (!isObject(value) || !isObject(value['jwk'])) return false;
  const { id, jwk, created_at, retired_at } = value;
  return (
    typeof id === 'string' &&
    jwk['kty'] === 'OKP' &&
    jwk['crv'] === 'Ed25519' &&
    typeof jwk['x'] === 'string' &&
    ['string', 'undefined'].includes(typeof jwk['d']) &&
    typeof created_at === 'string' &&
    ['string', 'undefined'].includes(typeof retired_at)
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function damaged(path: string, what: string): TenantryError {
  return new TenantryError('storage_unavailable', `${path} is damaged: ${what}. Restore it from a backup`);
}

/** Names the file in whatever the system says. */
async function reportingFailure<T>(message: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof TenantryError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TenantryError('storage_unavailable', `${message}: ${reason}`, { cause });
  }
}
