import { hkdfSync } from 'node:crypto';
import { CompactEncrypt, compactDecrypt, errors } from 'jose';
import { StartError } from '../errors.ts';
import { defineKind, insert, type Records, replace, type Stored } from '../store/records.ts';
import { damagedKeys, type KeySet, parseKeySet } from './signing-keys-set.ts';
import type { KeptSet, KeyStore } from './signing-keys-store.ts';

const where = 'The record of the signing keys in the master database';
const recordId = 'signing_keys';
const keyManagement = 'dir';
const encryption = 'A256GCM';

/** The record of the signing keys; there is one. */
export interface SigningKeysRecord extends Stored {
  /** The whole set: a JWE in compact form, RFC 7516, `dir` and `A256GCM`. */
  readonly set: string;
}

/** The kind of that record. */
export const signingKeysKind = defineKind<SigningKeysRecord>()('signing_keys', {});

/**
 * Keeps the keys in the master database, for all instances on it, encrypted with a key that is derived from the
 * installation's secret: whoever reads the database, or a backup of it, can sign nothing.
 *
 * @param secret 32 bytes (`readSecret`)
 */
export function signingKeysRecords(records: Pick<Records, 'get' | 'commit'>, secret: Uint8Array): KeyStore {
  // RFC 5869. The info keeps this use apart from any other that the secret may get.
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'tenantry signing keys 1', 32));
  let latest: { readonly text: string; readonly kept: KeptSet } | undefined;

  return {
    where,
    shared: true,
    async read() {
      const record = await records.get(signingKeysKind, recordId);
      if (record === undefined) return undefined;
      const { set: text, version } = record;
      // Compared by its text: a record that was removed and made anew may have the same version.
      if (latest?.text === text) return latest.kept;
      const kept = { set: parseKeySet(await decrypt(text, key), where), version };
      latest = { text, kept };
      return kept;
    },
    async replace(set, former) {
      const version = former?.version ?? 0;
      const text = await encrypt(set, key);
      const change =
        former === undefined
          ? insert(signingKeysKind, { id: recordId, version: 1, set: text })
          : replace(signingKeysKind, { id: recordId, version, set: text });
      const { result } = await records.commit([change]);
      if (result !== 'done') return undefined;
      const kept = { set, version: version + 1 };
      latest = { text, kept };
      return kept;
    },
  };
}

function encrypt(set: KeySet, key: Uint8Array): Promise<string> {
  return new CompactEncrypt(Buffer.from(JSON.stringify(set)))
    .setProtectedHeader({ alg: keyManagement, enc: encryption })
    .encrypt(key);
}

async function decrypt(text: string, key: Uint8Array): Promise<string> {
  try {
    const { plaintext } = await compactDecrypt(text, key, {
      keyManagementAlgorithms: [keyManagement],
      contentEncryptionAlgorithms: [encryption],
    });
    return Buffer.from(plaintext).toString();
  } catch (cause) {
    if (!(cause instanceof errors.JWEDecryptionFailed))
      throw damagedKeys(where, 'it is not encrypted as it was', cause);
    throw new StartError(
      78,
      'TENANTRY_SECRET is not the secret of this database: the signing keys in it were encrypted with another one. ' +
        'Set the secret that they were made with. Nothing was changed.',
      cause,
    );
  }
}
