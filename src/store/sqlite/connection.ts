import { closeSync, openSync, statSync } from 'node:fs';
import { devNull } from 'node:os';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { isSqliteError, LostFileError, resultCode, sqliteCodes } from './faults.ts';

/** A connection with its prepared statements: `node:sqlite` itself keeps none. */
export interface Connection {
  readonly database: DatabaseSync;
  /** Tells the file and the WAL that are open from all others, whatever stands at their paths later. */
  readonly identity: string;
  /** The prepared statement for this text, made once. Only for texts from the code, never with a value in them. */
  prepare(sql: string): StatementSync;
  /** @throws {LostFileError} the file or its WAL was removed or replaced, so that what is written goes nowhere */
  demandInPlace(): void;
  close(): void;
}

/** How long a statement waits for a lock. Locks are held for the moment of a commit, a checkpoint or a recovery. */
const busyMilliseconds = 2_000;

/** Pages kept in memory by a connection, in KiB, unless told: SQLite's default of 2 MiB is short for an index of 100,000 keys. */
const defaultCacheKibibytes = 8_192;

/** A WAL grows while a backup reads; past this, in bytes, the room is given back when it is over. */
const walBytesKept = 64 * 2 ** 20;

/**
 * Opens a database file that stands, so that an acknowledged write is on disk: WAL with `synchronous=FULL`, which waits
 * for the disk at each commit (https://www.sqlite.org/pragma.html#pragma_synchronous).
 */
export function connect(path: string, mode: 'read' | 'write', cacheKibibytes = defaultCacheKibibytes): Connection {
  const location = pathToFileURL(path);
  // A file that is gone must not come back as an empty one.
  location.searchParams.set('mode', mode === 'read' ? 'ro' : 'rw');
  const database = open(location, mode);
  const statements = new Map<string, StatementSync>();
  try {
    if (mode === 'write') {
      database.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=${walBytesKept};`);
    }
    database.exec(`PRAGMA cache_size=-${cacheKibibytes}; PRAGMA trusted_schema=OFF;`);
    // The first read opens the WAL. Whoever has it open keeps it in place, also where all others close the file.
    pragmaNumber(database, 'user_version');
    const identity = identityOf(path);
    return {
      database,
      identity,
      prepare(sql) {
        let statement = statements.get(sql);
        if (statement === undefined) {
          statement = database.prepare(sql);
          statements.set(sql, statement);
        }
        return statement;
      },
      demandInPlace() {
        if (identityOf(path) !== identity) throw new LostFileError();
      },
      close() {
        statements.clear();
        database.close();
      },
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** SQLite says only that a file cannot be opened; where no file can, that is not the fault of this one. */
function open(location: URL, mode: 'read' | 'write'): DatabaseSync {
  try {
    return new DatabaseSync(location, { readOnly: mode === 'read', timeout: busyMilliseconds });
  } catch (error) {
    if (isSqliteError(error) && resultCode(error) === sqliteCodes.cannotOpen) closeSync(openSync(devNull, 'r'));
    throw error;
  }
}

function identityOf(path: string): string {
  const inodes = [path, `${path}-wal`].map((file) => statSync(file, { bigint: true, throwIfNoEntry: false })?.ino);
  return inodes.join(' ');
}

/** Opens a file for a piece of work, and closes it. */
export function withConnection<T>(path: string, mode: 'read' | 'write', work: (connection: Connection) => T): T {
  const connection = connect(path, mode);
  try {
    return work(connection);
  } finally {
    connection.close();
  }
}

/** The value of a pragma that is a number. */
export function pragmaNumber(database: DatabaseSync, pragma: 'user_version' | 'application_id'): number {
  const row = database.prepare(`PRAGMA ${pragma}`).get();
  const value = row?.[pragma];
  if (typeof value !== 'number') throw new TypeError(`PRAGMA ${pragma} gave no number`);
  return value;
}
