import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Level } from '../documents.ts';
import { pragmaNumber, tenantBounds, withConnection } from './connection.ts';
import { DamagedFileError } from './faults.ts';
import { fileOf, folder, isDatabaseName } from './tenant-table.ts';

/** The tenants' files of all levels, relative to the data directory. */
export function tenantFiles(directory: string): string[] {
  return databasesIn(directory).map((database) => fileOf({ database }));
}

/** The cluster's databases, or those of a level, in the order of their numbers, which may have gaps. */
export function databasesIn(directory: string, level?: Level): string[] {
  const path = join(directory, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => name.endsWith('.db'))
    .map((name) => name.slice(0, -'.db'.length))
    .filter((name) => isDatabaseName(name, level))
    .sort(new Intl.Collator('en', { numeric: true }).compare);
}

const magic = 'SQLite format 3\0';
const headerBytes = 100;

/** What the cluster's files take, their WALs among them. */
export async function bytesOfFiles(directory: string): Promise<number> {
  const path = join(directory, folder);
  let bytes = 0;
  for (const name of await readdir(path)) {
    bytes += await bytesOf(join(path, name));
  }
  return bytes;
}

async function bytesOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    // It is gone since it was listed.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/**
 * A file's `user_version`, where the number of its organizations is. It is read from the header (bytes 60 to 63,
 * https://www.sqlite.org/fileformat.html#user_version_number), which takes microseconds where opening takes milliseconds;
 * a file that was not closed has its newest header in its WAL.
 */
export function readOrganizations(path: string): number {
  const wal = statSync(`${path}-wal`, { throwIfNoEntry: false });
  if (wal !== undefined && wal.size > 0) {
    return withConnection(path, 'write', ({ database }) => pragmaNumber(database, 'user_version'), tenantBounds);
  }
  const header = Buffer.alloc(headerBytes);
  const descriptor = openSync(path, 'r');
  try {
    const bytes = readSync(descriptor, header, 0, headerBytes, 0);
    // Begun, and nothing was written to it yet.
    if (bytes === 0) return 0;
    if (bytes < headerBytes || !header.toString('latin1').startsWith(magic)) {
      throw new DamagedFileError('it does not begin as a database does');
    }
  } finally {
    closeSync(descriptor);
  }
  return header.readUInt32BE(60);
}
