import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TenantryError } from '../errors.ts';
import { parseKeySet } from './signing-keys-set.ts';
import type { KeyStore } from './signing-keys-store.ts';

const modeOfOthers = 0o077;

/**
 * Keeps the keys in `<directory>/signing-keys.json`, readable by its owner alone. The directory exists, and belongs to
 * this process, so that nobody else writes there and it is read at the start alone. A file that is damaged or open to others is an error, never replaced: whoever lost the keys in silence
 * would have signed everybody out, and whoever used stolen ones would let in anybody.
 */
export function signingKeysFile(directory: string): KeyStore {
  const path = join(directory, 'signing-keys.json');
  return {
    where: path,
    shared: false,
    async read() {
      const text = await reportingFailure(`${path} cannot be read`, () => readPrivately(path));
      return text === undefined ? undefined : { set: parseKeySet(text, path), version: 1 };
    },
    async replace(set, former) {
      await reportingFailure(`${path} cannot be written`, () =>
        writeDurably(directory, path, JSON.stringify(set, null, 2)),
      );
      return { set, version: (former?.version ?? 0) + 1 };
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
