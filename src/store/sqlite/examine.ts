import { statSync } from 'node:fs';
import { join } from 'node:path';
import { StartError, TenantryError } from '../../errors.ts';
import type { Kind, Records } from '../records.ts';
import { connect } from './connection.ts';
import type { Fault } from './faults.ts';
import { readLayout } from './layout.ts';
import { naming } from './naming.ts';
import { masterFile } from './open.ts';
import { createRecords } from './records.ts';

/** The port for records without what changes them. */
export type ReadRecords = Pick<Records, 'get' | 'list'>;

/** What is read, and of what kinds. */
export interface Examining<T> {
  readonly directory: string;
  readonly kinds: readonly Kind[];
  read(records: ReadRecords): Promise<T>;
}

/**
 * Reads from the master database of a data directory, which a service may hold meanwhile; nothing is changed or made there.
 *
 * @returns undefined where there is none, or one that has not yet all of the kinds
 * @throws {StartError} what keeps a start from using it
 */
export async function examineMaster<T>(examining: Examining<T>): Promise<T | undefined> {
  const path = join(examining.directory, masterFile);
  if (!naming(path, () => stands(path))) return undefined;
  const isOpen = () => stands(`${path}-wal`);
  const found = isOpen() ? undefined : await readFrom(examining, path, 'still');
  // A service that began meanwhile may have changed what was being read.
  return isOpen() ? await readFrom(examining, path, 'read') : found;
}

function stands(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

async function readFrom<T>(
  { kinds, read }: Examining<T>,
  path: string,
  mode: 'read' | 'still',
): Promise<T | undefined> {
  const connection = naming(path, () => connect(path, mode));
  try {
    const hasAll = naming(path, () => {
      if (readLayout(connection, path) === 0) return false;
      const table = connection.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?");
      return kinds.every(({ name }) => table.get(name) !== undefined);
    });
    if (!hasAll) return undefined;
    return await read(createRecords({ connection, master: masterFile, writers: { submit: refuse }, cacheRecords: 1 }));
  } catch (error) {
    if (!(error instanceof TenantryError)) throw error;
    const { reason, inner } = error.cause as Fault;
    throw new StartError(1, `${path} cannot be read: ${reason} (${inner}).`, error);
  } finally {
    connection.close();
  }
}

function refuse(): never {
  throw new RangeError('what is examined is not changed');
}
