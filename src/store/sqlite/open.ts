import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Documents } from '../documents.ts';
import type { Kind, Records } from '../records.ts';
import { type BackupSummary, backUp, type CopiedCluster, unfinishedMaster } from './backup.ts';
import { type Connection, connect, withConnection } from './connection.ts';
import { createFile } from './disk.ts';
import { faultOf, unavailable } from './faults.ts';
import { prepareLayout, readLayout } from './layout.ts';
import { lockDirectory } from './lock.ts';
import { naming } from './naming.ts';
import { openTenants } from './open-tenants.ts';
import { createRecords } from './records.ts';
import { tenantFiles } from './tenant-files.ts';

/** The embedded engine on a data directory, which it holds until `close` or the end of the process. */
export interface EmbeddedStore {
  readonly records: Records;
  readonly documents: Documents;
  /** Reads once from the master database. @throws {TenantryError} storage_unavailable */
  ready(): Promise<void>;
  /**
   * Copies all databases, those of the clusters among them, as of one instant, into a new or empty directory, while the store
   * works; and the named files of the data directory with them.
   *
   * @throws {StartError} 1 where it cannot be done, or the store is closed meanwhile; then nothing of it is left
   */
  backup(target: string, files: readonly string[], clusters?: readonly CopiedCluster[]): Promise<BackupSummary>;
  /** Ends a backup, does what was submitted, closes all files and gives the directory back. */
  close(): Promise<void>;
}

/** With what the engine is opened. */
export interface EmbeddedOptions {
  readonly directory: string;
  readonly kinds: readonly Kind[];
  readonly log: Log;
  readonly writerThreads?: number;
  readonly tablesPerFile?: number;
  /** Records of a kind that stay in memory; one takes about a kilobyte. */
  readonly cacheRecords?: number;
  /** Refuse a directory that holds no data, in the place of making some. */
  readonly mustExist?: boolean;
  readonly onCommit?: (commit: { commits: number; seconds: number }) => void;
}

/** The master database's file. A backup is whole when it is there: it is written last. */
export const masterFile = 'master.db';

/** The cluster that is beside the master database. */
const mainCluster = 'main';

/**
 * Opens the embedded engine.
 *
 * @throws {StartError} 78 where the directory is held by another process, cannot be used, or has a newer layout; 1 where
 *   a file is damaged or the disk is full, naming the file
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedStore> {
  const { directory, kinds, log, writerThreads = 1, tablesPerFile = 500, cacheRecords = 10_000 } = options;
  if (options.mustExist && !existsSync(join(directory, masterFile))) {
    throw new StartError(78, `There is no data of Tenantry in ${directory}. Name its directory in TENANTRY_DATA_DIR.`);
  }
  // What was opened last is closed first; also where opening ends half way.
  await using opened = new AsyncDisposableStack();
  const lock = lockDirectory(directory);
  opened.defer(() => lock.release());
  if ((statSync(directory).mode & 0o022) !== 0) {
    log.warn({ directory }, 'other users may write to the data directory: chmod 700 it');
  }
  const connection = openMaster(directory, kinds);
  const { writers, documents } = openTenants(opened, {
    cluster: mainCluster,
    directory,
    master: { file: masterFile, identity: connection.identity },
    log,
    writerThreads,
    tablesPerFile,
    onCommit: options.onCommit,
  });
  opened.defer(() => connection.close());
  const closing = new AbortController();
  opened.defer(() => closing.abort());
  const resources = opened.move();
  return {
    records: createRecords({ connection, master: masterFile, writers, cacheRecords }),
    documents,
    async ready() {
      try {
        connection.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get();
      } catch (error) {
        throw unavailable(faultOf(masterFile, error));
      }
    },
    backup: (target, files, clusters = []) =>
      backUp({ directory, master: masterFile, writers, target, files, clusters, signal: closing.signal }),
    close: () => resources.disposeAsync(),
  };
}

/** Brings the layout up to date, and gives the connection that the main thread reads by. */
function openMaster(directory: string, kinds: readonly Kind[]): Connection {
  const path = join(directory, masterFile);
  return naming(path, () => {
    createFile(path);
    const layout = withConnection(path, 'read', (reading) => readLayout(reading, path));
    if (layout === 0) refuseHalf(directory, path);
    withConnection(path, 'write', (writing) => prepareLayout(writing, layout, kinds));
    return connect(path, 'read');
  });
}

/** Organizations' data without the master database is no new start: it would be reachable by nobody. */
function refuseHalf(directory: string, path: string): void {
  const isHalf = existsSync(join(directory, unfinishedMaster));
  const [file] = isHalf ? [unfinishedMaster] : tenantFiles(directory);
  if (file === undefined) return;
  throw new StartError(
    78,
    `${path} is missing or empty, while ${file} is there: the directory is a backup that did not come to its end, or lost its master database. Restore a whole backup.`,
  );
}
