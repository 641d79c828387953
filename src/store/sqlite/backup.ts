import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { StartError } from '../../errors.ts';
import type { BackupOrder } from './backup-thread.ts';
import { makeDirectory } from './disk.ts';
import { tenantFiles } from './tenant-files.ts';
import { folder } from './tenant-table.ts';
import type { Writers } from './writers.ts';

/** What a backup holds. */
export interface BackupSummary {
  /** Names of the files, relative to the backup. */
  readonly files: readonly string[];
  /** The instant that all databases show. RFC 3339. */
  readonly taken_at: string;
}

/** What is copied, from where to where. */
export interface BackupOptions {
  readonly directory: string;
  readonly master: string;
  readonly writers: Writers;
  /** Where the copy goes: a directory that is empty or does not exist. */
  readonly target: string;
  /** Plain files of the directory to copy as well. */
  readonly files: readonly string[];
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * Copies every database into `target`, all as of one instant: writers wait while a read snapshot is opened in each, then
 * go on while the snapshots are copied in a thread of its own. The master database gets its name last, so a target that
 * has it is whole, and one that has not is refused at a start. What fails leaves nothing behind.
 *
 * @throws {StartError} 1 where the target is not empty or cannot be written, or a file cannot be read
 */
export async function backUp(options: BackupOptions): Promise<BackupSummary> {
  const { target, master, files } = options;
  let undo = () => {};
  try {
    undo = claim(target, [folder, master, ...files]);
    return await copyAll(options);
  } catch (error) {
    undo();
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(1, `The backup to ${target} failed: ${reason}`, error);
  }
}

/** Begins a backup in the target, and gives what takes it away again: only what was not there before. */
function claim(target: string, names: readonly string[]): () => void {
  const made = mkdirSync(target, { recursive: true, mode: 0o700 });
  const [standing] = readdirSync(target);
  if (standing !== undefined) throw new Error('the directory is not empty; name a new one');
  return () => {
    for (const name of names) rmSync(join(target, name), { recursive: true, force: true });
    if (made !== undefined) rmSync(made, { recursive: true });
  };
}

async function copyAll({ directory, master, writers, target, files, signal }: BackupOptions): Promise<BackupSummary> {
  makeDirectory(join(target, folder));
  const worker = new Worker(new URL('./backup-thread.ts', import.meta.url));
  const ended = endOf(worker, signal);
  try {
    const summary = await writers.whileStill(async () => {
      const tenants = tenantFiles(directory);
      worker.postMessage({ directory, target, master, tenants, files } satisfies BackupOrder);
      await Promise.race([once(worker, 'message'), ended]);
      return { files: [master, ...tenants, ...files], taken_at: new Date().toISOString() };
    });
    await ended;
    return summary;
  } finally {
    await worker.terminate();
  }
}

/** Resolves when the thread has done its work, rejects where it fails or is ended. */
function endOf(worker: Worker, signal: AbortSignal): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', (code) => (code === 0 ? resolve() : reject(new Error('it was ended before it was whole'))));
  });
  const end = () => worker.terminate();
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  return ended.finally(() => signal.removeEventListener('abort', end));
}
