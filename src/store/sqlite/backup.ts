import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { StartError } from '../../errors.ts';
import type { BackupMessage, BackupOrder } from './backup-thread.ts';
import type { Writers } from './writers.ts';

/** What a backup holds. */
export interface BackupSummary {
  /** Names of the files, relative to the backup. */
  readonly files: readonly string[];
  /** The instant that all of them show. RFC 3339. */
  readonly taken_at: string;
}

export interface BackupOptions {
  readonly directory: string;
  readonly master: string;
  readonly writers: Writers;
  /** Where the copy goes: a directory that is empty or does not exist. */
  readonly target: string;
}

/**
 * Copies every file into `target`, all as of one instant: writers wait while a read snapshot is opened in each file,
 * then go on while the snapshots are copied in a thread of its own. What fails leaves nothing behind.
 *
 * @throws {StartError} 1 where the target is not empty or cannot be written
 */
export async function backUp({ directory, master, writers, target }: BackupOptions): Promise<BackupSummary> {
  if (existsSync(target) && readdirSync(target).length > 0) {
    throw new StartError(1, `The directory ${target} is not empty; name a new one for the backup.`);
  }
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const worker = new Worker(new URL('./backup-thread.ts', import.meta.url));
  try {
    const { files, taken_at } = await writers.whileStill(async () => {
      const files = [master, ...tenantFiles(directory)];
      const opened = next(worker, 'opened');
      worker.postMessage({ directory, target, files } satisfies BackupOrder);
      await opened;
      return { files, taken_at: new Date().toISOString() };
    });
    await next(worker, 'copied');
    return { files, taken_at };
  } catch (error) {
    rmSync(target, { recursive: true, force: true });
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(1, `The backup to ${target} failed: ${reason}`, error);
  } finally {
    await worker.terminate();
  }
}

/** The clusters' files, relative to the data directory. */
function tenantFiles(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) =>
      readdirSync(join(directory, name))
        .filter((file) => file.endsWith('.db'))
        .map((file) => join(name, file)),
    );
}

/** Resolves at the thread's message, rejects where the thread fails first. */
function next(worker: Worker, expected: BackupMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (message: BackupMessage) => {
      worker.off('error', reject);
      if (message === expected) resolve();
      else reject(new Error(`the backup thread said ${message} where ${expected} was due`));
    });
  });
}
