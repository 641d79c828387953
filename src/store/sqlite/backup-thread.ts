/** The thread that copies: it opens a snapshot in every file, says so, then copies one file after the other. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { backup } from 'node:sqlite';
import { parentPort } from 'node:worker_threads';
import { type Connection, connect, pragmaNumber } from './connection.ts';

export interface BackupOrder {
  readonly directory: string;
  readonly target: string;
  /** Relative to both directories. */
  readonly files: readonly string[];
}

export type BackupMessage = 'opened' | 'copied';

/** Pages copied at a time: 4 MiB, between which the thread can be ended. */
const pagesAtOnce = 1_024;

/** A read transaction begins with its first read; this one does not need the schema, which may hold 500 tables. */
function openSnapshot(path: string): Connection {
  const connection = connect(path, 'read');
  connection.database.exec('BEGIN');
  pragmaNumber(connection.database, 'user_version');
  return connection;
}

parentPort?.once('message', async ({ directory, target, files }: BackupOrder) => {
  const snapshots = files.map((file) => ({ file, snapshot: openSnapshot(join(directory, file)) }));
  parentPort?.postMessage('opened' satisfies BackupMessage);
  for (const { file, snapshot } of snapshots) {
    const path = join(target, file);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    await backup(snapshot.database, path, { rate: pagesAtOnce });
    snapshot.close();
  }
  parentPort?.postMessage('copied' satisfies BackupMessage);
});
