import { TenantryError } from '../../errors.ts';

/** What `node:sqlite` throws. `errcode` is an extended result code (https://www.sqlite.org/rescode.html). */
export interface SqliteError extends Error {
  readonly code: 'ERR_SQLITE_ERROR';
  readonly errcode: number;
}

/** The primary result codes that are told apart. */
export const sqliteCodes = {
  busy: 5,
  readOnly: 8,
  inputOutput: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  constraint: 19,
  notADatabase: 26,
} as const;

export function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
}

/** The primary result code of an extended one. */
export function resultCode(error: SqliteError): number {
  return error.errcode & 0xff;
}

/** What went wrong with a file, in plain values: it crosses from the writer's thread. */
export interface Fault {
  /** The name of the file in the data directory. */
  readonly file: string;
  readonly reason: string;
  /** For the log alone. */
  readonly inner: string;
}

/** Puts an error of a statement into words that name the file. */
export function faultOf(file: string, error: unknown): Fault {
  const inner = error instanceof Error ? error.message : String(error);
  return {
    file,
    reason: isSqliteError(error) ? reasonOf(resultCode(error)) : 'it failed in a way that is not known',
    inner,
  };
}

function reasonOf(code: number): string {
  switch (code) {
    case sqliteCodes.full:
      return 'the disk is full';
    case sqliteCodes.readOnly:
      return 'it cannot be written';
    case sqliteCodes.cannotOpen:
      return 'it cannot be opened';
    case sqliteCodes.corrupt:
    case sqliteCodes.notADatabase:
      return 'it is damaged; restore it from a backup';
    case sqliteCodes.inputOutput:
      return 'the disk failed to read or write it';
    case sqliteCodes.busy:
      return 'another process holds a lock on it';
    default:
      return `SQLite answered with code ${code}`;
  }
}

/** Seconds after which a caller may try again where the storage failed. */
const retryAfterSeconds = 5;

/** The error that a caller gets for a fault: what is inside stays in its cause, for the log. */
export function unavailable(fault: Fault): TenantryError {
  return new TenantryError('storage_unavailable', 'The storage cannot do this at the moment; try again later', {
    retryAfterSeconds,
    cause: new Error(`${fault.file}: ${fault.reason} (${fault.inner})`),
  });
}
