import { join } from 'node:path';
import type { Log } from '../../log.ts';
import type { Documents } from '../documents.ts';
import { makeDirectory } from './disk.ts';
import { createDocuments } from './documents.ts';
import { naming } from './naming.ts';
import { createReaders } from './readers.ts';
import { createRooms } from './rooms.ts';
import { folder } from './tenant-table.ts';
import type { WriterData } from './writer.ts';
import { startWriters, type Writers } from './writers.ts';

/** A directory in which tenants' files are, and how it is worked on. */
export interface TenantsOptions {
  /** The name that places have of it. */
  readonly cluster: string;
  /** Held by this process. */
  readonly directory: string;
  readonly master: WriterData['master'];
  readonly log: Log;
  readonly writerThreads: number;
  readonly tablesPerFile: number;
  readonly onCommit: ((commit: { commits: number; seconds: number }) => void) | undefined;
}

/**
 * Starts the writers of a directory and reads how full its files are.
 *
 * @param opened is given what is to be closed
 * @throws {StartError} 1: a file is damaged or the disk is full
 */
export function openTenants(
  opened: AsyncDisposableStack,
  { cluster, directory, master, log, writerThreads, tablesPerFile, onCommit = () => {} }: TenantsOptions,
): { readonly writers: Writers; readonly documents: Documents } {
  const writers = startWriters({ directory, master, threads: writerThreads, log, onCommit });
  opened.defer(() => writers.close());
  const readers = createReaders(directory);
  // Before the writers: who closes a file last folds its WAL into it, which is theirs to do.
  opened.defer(() => readers.end());
  const rooms = naming(join(directory, folder), () => {
    makeDirectory(join(directory, folder));
    return createRooms({ directory, tablesPerFile, log });
  });
  return { writers, documents: createDocuments({ cluster, directory, writers, readers, rooms }) };
}
