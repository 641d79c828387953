import { closeSync, openSync, statSync } from 'node:fs';
import { devNull } from 'node:os';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { LRUCache } from 'lru-cache';
import { isSqliteError, LostFileError, resultCode, sqliteCodes } from './faults.ts';

/** A connection with its prepared statements: `node:sqlite` itself keeps none. */
export interface Connection {
  readonly database: DatabaseSync;
  /** Tells the file and the WAL that are open from all others, whatever stands at their paths later. */
  readonly identity: string;
  /** The prepared statement for this text, kept while it is among those used last. Never for a text with a value in it. */
  prepare(sql: string): StatementSync;
  /** @throws {LostFileError} the file or its WAL was removed or replaced, so that what is written goes nowhere */
  demandInPlace(): void;
  close(): void;
}

/** `still` is a file that nobody has open: reading it makes no WAL beside it, as `read` does where there is none. */
export type ConnectionMode = 'read' | 'write' | 'still';

/** How long a statement waits for a lock. Locks are held for the moment of a commit, a checkpoint or a recovery. */
const busyMilliseconds = 2_000;

/** What a connection keeps in memory. */
export interface ConnectionBounds {
  /** Pages of the file, in KiB. */
  readonly cacheKibibytes: number;
  /** Prepared statements, of some kilobytes each. */
  readonly mostStatements: number;
}

/** Of the master database: SQLite's own 2 MiB are short for an index of 100,000 keys, and its texts are few. */
const masterBounds: ConnectionBounds = { cacheKibibytes: 8_192, mostStatements: 1_000 };

/** Of a tenants' file: 32 of them are open at once, and each of its 500 tables has texts of its own. */
export const tenantBounds: ConnectionBounds = { cacheKibibytes: 2_048, mostStatements: 200 };

/** A WAL grows while a backup reads; past this, in bytes, the room is given back when it is over. */
const walBytesKept = 64 * 2 ** 20;

/**
 * Opens a database file that stands, so that an acknowledged write is on disk: WAL with `synchronous=FULL`, which waits
 * for the disk at each commit (https://www.sqlite.org/pragma.html#pragma_synchronous).
 */
export function connect(path: string, mode: ConnectionMode, bounds = masterBounds): Connection {
  const location = pathToFileURL(path);
  // A file that is gone must not come back as an empty one.
  location.searchParams.set('mode', mode === 'write' ? 'rw' : 'ro');
  if (mode === 'still') location.searchParams.set('immutable', '1');
  const database = open(location, mode);
  const statements = new LRUCache<string, StatementSync>({ max: bounds.mostStatements });
  try {
    if (mode === 'write') {
      database.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=${walBytesKept};`);
    }
    database.exec(`PRAGMA cache_size=-${bounds.cacheKibibytes}; PRAGMA trusted_schema=OFF;`);
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
function open(location: URL, mode: ConnectionMode): DatabaseSync {
  try {
    return new DatabaseSync(location, { readOnly: mode !== 'write', timeout: busyMilliseconds });
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
export function withConnection<T>(
  path: string,
  mode: ConnectionMode,
  work: (connection: Connection) => T,
  bounds = masterBounds,
): T {
  const connection = connect(path, mode, bounds);
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
