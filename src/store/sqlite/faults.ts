import type { TenantryError } from '../../errors.ts';
import { unavailable as storageUnavailable } from '../unavailable.ts';

/** What `node:sqlite` throws. `errcode` is an extended result code (https://www.sqlite.org/rescode.html). */
export interface SqliteError extends Error {
  readonly code: 'ERR_SQLITE_ERROR';
  readonly errcode: number;
}

/** The primary result codes that are told apart. */
export const sqliteCodes = {
  /** The statement does not fit the schema. */
  error: 1,
  busy: 5,
  readOnly: 8,
  inputOutput: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  constraint: 19,
  notADatabase: 26,
} as const;

/** Whether SQLite itself refused; else the error has no result code. */
export function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
}

/** The primary result code of an extended one. */
export function resultCode(error: SqliteError): number {
  return error.errcode & 0xff;
}

/** A file is no longer what was opened: removed, moved away, or another in its place. */
export class LostFileError extends Error {
  override readonly name = 'LostFileError';

  constructor() {
    super('the file was removed or replaced while it was open');
  }
}

/** A file is not a database. */
export class DamagedFileError extends Error {
  override readonly name = 'DamagedFileError';
}

/** What went wrong with a file, in plain values: it crosses from the writer's thread. */
export interface Fault {
  /** The name of the file in the data directory. */
  readonly file: string;
  readonly reason: string;
  /** The file itself is what fails, not the disk: others may do what it cannot. */
  readonly unusable: boolean;
  /** For the log alone. */
  readonly inner: string;
}

/** Puts an error into words that name the file. */
export function faultOf(file: string, error: unknown): Fault {
  const inner = error instanceof Error ? error.message : String(error);
  const { reason, unusable = false } = explanations.get(codeOf(error)) ?? {
    reason: 'it failed in a way that is not known',
  };
  return { file, reason, unusable, inner };
}

const full = { reason: 'the disk is full' };
const readOnly = { reason: 'it cannot be written', unusable: true };
const exhausted = { reason: 'too many files are open: raise the limit of descriptors (ulimit -n)' };
const damaged = { reason: 'it is damaged; restore it from a backup', unusable: true };

const explanations = new Map<number | string, { readonly reason: string; readonly unusable?: boolean }>([
  [sqliteCodes.full, full],
  ['ENOSPC', full],
  [sqliteCodes.readOnly, readOnly],
  ['EACCES', readOnly],
  ['EROFS', readOnly],
  ['EMFILE', exhausted],
  ['ENFILE', exhausted],
  [sqliteCodes.cannotOpen, { reason: 'it cannot be opened', unusable: true }],
  [sqliteCodes.corrupt, damaged],
  [sqliteCodes.notADatabase, damaged],
  ['DamagedFileError', damaged],
  ['LostFileError', { reason: 'it was removed or replaced', unusable: true }],
  [sqliteCodes.inputOutput, { reason: 'the disk failed to read or write it' }],
  [sqliteCodes.busy, { reason: 'another process holds a lock on it' }],
]);

/** SQLite's code, the system's, or the error's own name. */
function codeOf(error: unknown): number | string {
  if (isSqliteError(error)) return resultCode(error);
  if (!(error instanceof Error)) return '';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/** The cause of a `storage_unavailable`, for the log: its message names the file. */
export class FileError extends Error {
  override readonly name = 'FileError';
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(`${fault.file}: ${fault.reason} (${fault.inner})`);
    this.fault = fault;
  }
}

/** The error that a caller gets for a fault. */
export function unavailable(fault: Fault): TenantryError {
  return storageUnavailable(new FileError(fault));
}
