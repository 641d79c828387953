import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StartError } from '../../errors.ts';
import { createFile, makeDirectory } from './disk.ts';
import { isSqliteError, resultCode, sqliteCodes } from './faults.ts';

/** The data directory, held by this process until `release` or the end of the process. */
export interface DirectoryLock {
  release(): void;
}

/**
 * Takes the data directory for this process alone. The lock is SQLite's lock on a file, which the kernel gives back when
 * the process dies, however it dies; so there is no stale lock to clean up.
 *
 * @param setting where it is named
 * @throws {StartError} 78 where another process holds it, naming the directory and that process; or it cannot be written
 */
export function lockDirectory(directory: string, setting = 'TENANTRY_DATA_DIR'): DirectoryLock {
  try {
    makeDirectory(directory);
    const path = join(directory, 'lock.db');
    createFile(path);
    const database = new DatabaseSync(path, { timeout: 0 });
    try {
      database.exec('BEGIN EXCLUSIVE');
      writeHolder(directory);
    } catch (error) {
      database.close();
      throw error;
    }
    return { release: () => database.close() };
  } catch (error) {
    if (isSqliteError(error) && resultCode(error) === sqliteCodes.busy) {
      throw new StartError(
        78,
        `The directory ${directory} is in use by ${readHolder(directory)}. Stop that process, or name another directory in ${setting}.`,
      );
    }
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST' || code === 'ENOTDIR') {
      throw new StartError(78, `${directory} is not a directory. Name one in ${setting}.`, error);
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(
      78,
      `The directory ${directory} cannot be used: ${reason}. Make it writable for this user, or name another in ${setting}.`,
      error,
    );
  }
}

function writeHolder(directory: string): void {
  const holder = { process: process.pid, host: hostname(), since: new Date().toISOString() };
  // A new file moved into its place: what stands there could be a link to something else.
  const path = join(directory, 'lock.json');
  rmSync(`${path}.new`, { force: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(holder)}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(`${path}.new`, path);
}

function readHolder(directory: string): string {
  try {
    const { process: id, host, since } = JSON.parse(readFileSync(join(directory, 'lock.json'), 'utf8'));
    return `another Tenantry (process ${id} on ${host}, since ${since})`;
  } catch {
    // The other process is between taking the lock and writing down who it is.
    return 'another Tenantry that is just starting';
  }
}
