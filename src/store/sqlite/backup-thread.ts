/** The thread that copies: it opens a snapshot in every database, says so, then copies one after the other. */
import { copyFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { backup } from 'node:sqlite';
import { parentPort } from 'node:worker_threads';
import { type Connection, connect, pragmaNumber } from './connection.ts';
import { createFile, sync } from './disk.ts';

/** A file, and its name relative to the backup. */
export interface CopiedFile {
  readonly source: string;
  readonly copy: string;
}

/** What is to be copied. */
export interface BackupOrder {
  readonly target: string;
  readonly master: CopiedFile;
  /** What the master database is called until all is there. */
  readonly unfinished: string;
  readonly databases: readonly CopiedFile[];
  /** Copied as they are. */
  readonly files: readonly CopiedFile[];
}

/** Pages copied at a time: 4 MiB, between which the thread can be ended. */
const pagesAtOnce = 1_024;

/**
 * A read transaction begins with its first read; this one does not need the schema, which may hold 500 tables. The file
 * is opened for writing, so that closing it takes the WAL away where nobody else has it open.
 */
function openSnapshot({ source, copy }: CopiedFile): Connection {
  try {
    const connection = connect(source, 'write');
    connection.database.exec('BEGIN');
    pragmaNumber(connection.database, 'user_version');
    return connection;
  } catch (error) {
    throw new Error(`${copy} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

async function copySnapshot(snapshot: Connection, path: string): Promise<void> {
  await backup(snapshot.database, path, { rate: pagesAtOnce });
  snapshot.close();
  sync(path);
}

async function copyAll({ target, master, unfinished, databases, files }: BackupOrder): Promise<void> {
  const snapshots = new Map(databases.map((file) => [file.copy, openSnapshot(file)]));
  const masterSnapshot = openSnapshot(master);
  parentPort?.postMessage('opened');
  // All of them stand before the first is copied: a start on a half backup sees that it is one.
  const copies = [...databases, ...files].map(({ copy }) => copy);
  for (const copy of [...copies, unfinished]) createFile(join(target, copy));
  for (const [copy, snapshot] of snapshots) await copySnapshot(snapshot, join(target, copy));
  for (const { source, copy } of files) {
    copyFileSync(source, join(target, copy));
    sync(join(target, copy));
  }
  await copySnapshot(masterSnapshot, join(target, unfinished));
  for (const directory of new Set([...copies, unfinished].map(dirname))) sync(join(target, directory));
  sync(target);
  renameSync(join(target, unfinished), join(target, master.copy));
  sync(target);
}

parentPort?.once('message', copyAll);
