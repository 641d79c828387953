import { type Connection, pragmaNumber } from './connection.ts';
import type { CollectionJob, CollectionState } from './jobs.ts';
import { quoted } from './layout.ts';

/**
 * Looks for, makes or drops an organization's table. The number of them in the file is kept in its `user_version`, in
 * the same transaction, so that a start can read it from the file's header.
 */
export function applyCollectionJob(connection: Connection, { type, collection }: CollectionJob): CollectionState {
  const { database } = connection;
  const tables = pragmaNumber(database, 'user_version');
  const stands = tableStands(connection, collection);
  if (type === 'make' && !stands) {
    database.exec(
      `CREATE TABLE ${quoted(collection)} (collection TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (collection, id))`,
    );
    return changed(connection, { stands: true, tables: tables + 1 });
  }
  if (type === 'drop' && stands) {
    database.exec(`DROP TABLE ${quoted(collection)}`);
    if (tableStands(connection, collection)) throw new Error(`the table ${collection} stands after its drop`);
    return changed(connection, { stands: false, tables: tables - 1 });
  }
  return { stands, changed: false, tables };
}

function tableStands(connection: Connection, collection: string): boolean {
  const found = connection.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(collection);
  return found !== undefined;
}

function changed({ database }: Connection, { stands, tables }: Omit<CollectionState, 'changed'>): CollectionState {
  database.exec(`PRAGMA user_version=${tables}`);
  return { stands, changed: true, tables };
}
