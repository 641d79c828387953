import { DatabaseSync, type StatementSync } from 'node:sqlite';

/** A connection with its prepared statements: `node:sqlite` itself keeps none. */
export interface Connection {
  readonly database: DatabaseSync;
  /** The prepared statement for this text, made once. Only for texts from the code, never with a value in them. */
  prepare(sql: string): StatementSync;
  close(): void;
}

/** How long a statement waits for a lock. Locks are held for the moment of a commit, a checkpoint or a recovery. */
const busyMilliseconds = 2_000;

/** Pages kept in memory by a connection, in KiB: SQLite's default of 2 MiB is short for an index of 100,000 keys. */
const cacheKibibytes = 8_192;

/**
 * Opens a database file so that an acknowledged write is on disk: WAL with `synchronous=FULL`, which waits for the disk
 * at each commit (https://www.sqlite.org/pragma.html#pragma_synchronous).
 */
export function connect(path: string, mode: 'read' | 'write'): Connection {
  const database = new DatabaseSync(path, { readOnly: mode === 'read', timeout: busyMilliseconds });
  const statements = new Map<string, StatementSync>();
  try {
    if (mode === 'write') database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;');
    database.exec(`PRAGMA cache_size=-${cacheKibibytes}; PRAGMA trusted_schema=OFF;`);
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    database,
    prepare(sql) {
      let statement = statements.get(sql);
      if (statement === undefined) {
        statement = database.prepare(sql);
        statements.set(sql, statement);
      }
      return statement;
    },
    close() {
      statements.clear();
      database.close();
    },
  };
}

/** The value of a pragma that is a number. */
export function pragmaNumber(database: DatabaseSync, pragma: 'user_version' | 'application_id'): number {
  const row = database.prepare(`PRAGMA ${pragma}`).get();
  const value = row?.[pragma];
  if (typeof value !== 'number') throw new TypeError(`PRAGMA ${pragma} gave no number`);
  return value;
}
