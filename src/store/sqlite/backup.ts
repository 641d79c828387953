import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { StartError } from '../../errors.ts';
import type { BackupOrder, CopiedFile } from './backup-thread.ts';
import { markFile } from './cluster-marks.ts';
import { makeDirectory } from './disk.ts';
import { tenantFiles } from './tenant-files.ts';
import { folder } from './tenant-table.ts';
import type { Writers } from './writers.ts';

/** Where in a backup the files of further clusters are, by their names. */
const clustersFolder = 'clusters';

/** What the master database is called in a backup that is not whole yet. */
export const unfinishedMaster = join(folder, 'master.db.part');

/** What a backup holds. */
export interface BackupSummary {
  /** Names of the files, relative to the backup. */
  readonly files: readonly string[];
  /** The instant that all databases show. RFC 3339. */
  readonly taken_at: string;
}

/** A directory beside the data directory, whose files are copied with it. */
export interface CopiedCluster {
  readonly name: string;
  readonly directory: string;
  readonly writers: Writers;
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
  /** What has a directory of its own below `clusters` in the copy. */
  readonly clusters: readonly CopiedCluster[];
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
    undo = claim(target, [folder, clustersFolder, master, ...files]);
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

async function copyAll(options: BackupOptions): Promise<BackupSummary> {
  const { master, writers, target, clusters, signal } = options;
  makeDirectory(join(target, folder));
  for (const { name } of clusters) makeDirectory(join(target, clustersFolder, name, folder));
  const worker = new Worker(new URL('./backup-thread.ts', import.meta.url));
  const ended = endOf(worker, signal);
  try {
    const allWriters = [writers, ...clusters.map((cluster) => cluster.writers)];
    const summary = await whileAllStill(allWriters, async () => {
      const order = orderOf(options);
      worker.postMessage(order);
      await Promise.race([once(worker, 'message'), ended]);
      const copies = [...order.databases, ...order.files].map(({ copy }) => copy);
      return { files: [master, ...copies], taken_at: new Date().toISOString() };
    });
    await ended;
    return summary;
  } finally {
    await worker.terminate();
  }
}

/** One after the other and always in the same order, so that two backups do not wait for each other. */
function whileAllStill<T>([first, ...others]: readonly Writers[], work: () => Promise<T>): Promise<T> {
  return first === undefined ? work() : first.whileStill(() => whileAllStill(others, work));
}

/** What stands now. */
function orderOf({ directory, master, target, files, clusters }: BackupOptions): BackupOrder {
  const copied = (from: string, to: string, names: readonly string[]): CopiedFile[] =>
    names.map((name) => ({ source: join(from, name), copy: join(to, name) }));
  const below = clusters.map((cluster) => ({ ...cluster, copy: join(clustersFolder, cluster.name) }));
  return {
    target,
    unfinished: unfinishedMaster,
    master: { source: join(directory, master), copy: master },
    databases: [
      ...copied(directory, '', tenantFiles(directory)),
      ...below.flatMap((cluster) => copied(cluster.directory, cluster.copy, tenantFiles(cluster.directory))),
    ],
    files: [
      ...copied(directory, '', files),
      ...below.flatMap((cluster) =>
        existsSync(join(cluster.directory, markFile)) ? copied(cluster.directory, cluster.copy, [markFile]) : [],
      ),
    ],
  };
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
