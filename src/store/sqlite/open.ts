import { join } from 'node:path';
import { StartError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Documents } from '../documents.ts';
import type { Kind, Records } from '../records.ts';
import { type BackupSummary, backUp } from './backup.ts';
import { type Connection, connect } from './connection.ts';
import { createDocuments } from './documents.ts';
import { faultOf, isSqliteError, unavailable } from './faults.ts';
import { prepareLayout } from './layout.ts';
import { lockDirectory } from './lock.ts';
import { createRecords } from './records.ts';
import { startWriters } from './writers.ts';

/** The embedded engine on a data directory, which it holds until `close` or the end of the process. */
export interface EmbeddedStore {
  readonly records: Records;
  readonly documents: Documents;
  /** Reads once from the master database. @throws {TenantryError} storage_unavailable */
  ready(): Promise<void>;
  /** Copies everything, as of one instant, into a new or empty directory, while the store works. */
  backup(target: string): Promise<BackupSummary>;
  /** Does what was submitted, closes all files and gives the directory back. */
  close(): Promise<void>;
}

export interface EmbeddedOptions {
  readonly directory: string;
  readonly kinds: readonly Kind[];
  readonly log: Log;
  readonly writerThreads?: number;
  readonly tablesPerFile?: number;
  /** Records of a kind that stay in memory; one takes about a kilobyte. */
  readonly cacheRecords?: number;
  readonly onCommit?: (commit: { commits: number; seconds: number }) => void;
}

const master = 'master.db';

/**
 * Opens the embedded engine.
 *
 * @throws {StartError} 78 where the directory is held by another process, cannot be used, or has a newer layout; 1 where
 *   a file is damaged or the disk is full, naming the file
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedStore> {
  const { directory, kinds, log, writerThreads = 1, tablesPerFile = 500, cacheRecords = 10_000 } = options;
  const lock = lockDirectory(directory);
  try {
    const connection = openMaster(directory, kinds);
    const writers = startWriters({
      directory,
      master,
      threads: writerThreads,
      log,
      onCommit: options.onCommit ?? (() => {}),
    });
    return {
      records: createRecords({ connection, master, writers, cacheRecords }),
      documents: createDocuments({ directory, writers, tablesPerFile, log }),
      async ready() {
        try {
          connection.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get();
        } catch (error) {
          throw unavailable(faultOf(master, error));
        }
      },
      backup: (target) => backUp({ directory, master, writers, target }),
      async close() {
        connection.close();
        await writers.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Brings the layout up to date, then opens the connection that the main thread reads by. */
function openMaster(directory: string, kinds: readonly Kind[]): Connection {
  const path = join(directory, master);
  try {
    const connection = connect(path, 'write');
    try {
      prepareLayout(connection, path, kinds);
      return connect(path, 'read');
    } finally {
      connection.close();
    }
  } catch (error) {
    if (!isSqliteError(error)) throw error;
    const { reason, inner } = faultOf(master, error);
    throw new StartError(1, `The file ${path} cannot be opened: ${reason} (${inner}).`, error);
  }
}
