/** The thread of the bare server that writes documents. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { parentPort } from 'node:worker_threads';
import type { NewDocument } from './document-routes.ts';

/** Documents to be inserted, all or nothing. */
export interface Insertion {
  readonly file: string;
  readonly table: string;
  readonly documents: readonly NewDocument[];
}

const databases = new Map<string, DatabaseSync>();
const statements = new Map<string, StatementSync>();

function databaseAt(file: string): DatabaseSync {
  let database = databases.get(file);
  if (database === undefined) {
    database = new DatabaseSync(file);
    database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-8192');
    databases.set(file, database);
  }
  return database;
}

function insert(database: DatabaseSync, { file, table, documents }: Insertion): void {
  const key = `${file} ${table}`;
  let statement = statements.get(key);
  if (statement === undefined) {
    statement = database.prepare(`INSERT INTO ${table} VALUES ('default', ?, 1, ?, ?, ?)`);
    statements.set(key, statement);
  }
  for (const { id, at, members } of documents) statement.run(id, at, at, members);
}

parentPort?.on('message', (insertions: Insertion[]) => {
  for (const [file, group] of Map.groupBy(insertions, (insertion) => insertion.file)) {
    const database = databaseAt(file);
    database.exec('BEGIN IMMEDIATE');
    for (const insertion of group) insert(database, insertion);
    database.exec('COMMIT');
  }
  parentPort?.postMessage(insertions.map(() => true));
});
