/** The thread that copies: it opens a snapshot in every database, says so, then copies one after the other. */
import { copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { backup } from 'node:sqlite';
import { parentPort } from 'node:worker_threads';
import { type Connection, connect, pragmaNumber } from './connection.ts';
import { createFile, sync } from './disk.ts';
import { folder } from './tenant-table.ts';

/** What is to be copied. All files are named relative to both directories. */
export interface BackupOrder {
  readonly directory: string;
  readonly target: string;
  readonly master: string;
  readonly tenants: readonly string[];
  readonly files: readonly string[];
}

/** Pages copied at a time: 4 MiB, between which the thread can be ended. */
const pagesAtOnce = 1_024;

/**
 * A read transaction begins with its first read; this one does not need the schema, which may hold 500 tables. The file
 * is opened for writing, so that closing it takes the WAL away where nobody else has it open.
 */
function openSnapshot(directory: string, file: string): Connection {
  try {
    const connection = connect(join(directory, file), 'write');
    connection.database.exec('BEGIN');
    pragmaNumber(connection.database, 'user_version');
    return connection;
  } catch (error) {
    throw new Error(`${file} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

async function copySnapshot(snapshot: Connection, path: string): Promise<void> {
  await backup(snapshot.database, path, { rate: pagesAtOnce });
  snapshot.close();
  sync(path);
}

async function copyAll({ directory, target, master, tenants, files }: BackupOrder): Promise<void> {
  const snapshots = new Map(tenants.map((file) => [file, openSnapshot(directory, file)]));
  const masterSnapshot = openSnapshot(directory, master);
  parentPort?.postMessage('opened');
  // All of them stand before the first is copied: a start on a half backup sees that it is one.
  const unfinished = join(folder, `${master}.part`);
  for (const file of [...tenants, ...files, unfinished]) createFile(join(target, file));
  for (const [file, snapshot] of snapshots) await copySnapshot(snapshot, join(target, file));
  for (const file of files) {
    copyFileSync(join(directory, file), join(target, file));
    sync(join(target, file));
  }
  await copySnapshot(masterSnapshot, join(target, unfinished));
  sync(join(target, folder));
  sync(target);
  renameSync(join(target, unfinished), join(target, master));
  sync(target);
}

parentPort?.once('message', copyAll);
