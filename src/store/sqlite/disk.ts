import { closeSync, fsyncSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a directory, and those above it, for this user alone and so that a power cut does not take it back. One that
 * stands is left as it is.
 */
export function makeDirectory(path: string): void {
  const absolute = resolve(path);
  const first = mkdirSync(absolute, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = absolute; made.length >= first.length; made = dirname(made)) sync(dirname(made));
}

/**
 * Makes an empty file for this user alone, where none stands: SQLite itself would make it with mode 0644 less the umask,
 * and gives its WAL and its shared memory the mode of the database. Opened exclusively, since closing a second descriptor
 * of a database takes away this process's locks on it (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
export function createFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * Removes a database whose connections of this thread are closed, so that a power cut does not bring it back. Its WAL goes
 * first: where the file is gone nothing of it is there.
 */
export function removeDatabase(path: string): void {
  for (const file of [`${path}-wal`, `${path}-shm`, path]) rmSync(file, { force: true });
  sync(dirname(path));
}

/** Waits until a file, or the names in a directory, are on disk. */
export function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
