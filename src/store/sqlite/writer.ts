/**
 * A writer's thread. It alone writes the files that are given to it, so that the event loop never waits for the disk.
 * What has gathered for a file is one transaction, each job in a savepoint of its own; the answers leave after COMMIT.
 */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { type Connection, connect } from './connection.ts';
import { faultOf, LostFileError } from './faults.ts';
import type { Answer, Batch, FileReport, Job } from './jobs.ts';
import { applyCollectionJob } from './write-collections.ts';
import { applyCommit } from './write-records.ts';

/** What a writer's thread is started with. */
export interface WriterData {
  readonly directory: string;
  /** The master database, which stays open, and is never another file than the one that was there at the start. */
  readonly master: { readonly file: string; readonly identity: string };
  /** Tenants' files that stay open: each holds three descriptors and a page cache. */
  readonly mostOpenFiles: number;
  /** A tenants' file that was not written for this long is closed, which also folds its WAL into it. */
  readonly idleMilliseconds: number;
}

const { directory, master, mostOpenFiles, idleMilliseconds } = workerData as WriterData;
const port = parentPort;
if (port === null) throw new Error('a writer runs as a worker thread');

let masterConnection: Connection | undefined;
/** The tenants' files in the order of use, the longest unused first. */
const open = new Map<string, { readonly connection: Connection; readonly used: number }>();

/** Of each of the tenants' files, of which many are open at once. */
const tenantsCacheKibibytes = 512;

function connectionTo(file: string): Connection {
  if (file === master.file) {
    masterConnection ??= connectMaster();
    return masterConnection;
  }
  const connection = open.get(file)?.connection ?? connect(join(directory, file), 'write', tenantsCacheKibibytes);
  open.delete(file);
  open.set(file, { connection, used: performance.now() });
  const [oldest] = open.keys();
  if (open.size > mostOpenFiles && oldest !== undefined) close(oldest);
  return connection;
}

/** The main thread reads, and remembers, the file that it opened at the start. */
function connectMaster(): Connection {
  const connection = connect(join(directory, master.file), 'write');
  if (connection.identity === master.identity) return connection;
  connection.close();
  throw new LostFileError();
}

function close(file: string): void {
  const connection = file === master.file ? masterConnection : open.get(file)?.connection;
  if (file === master.file) masterConnection = undefined;
  open.delete(file);
  connection?.close();
}

function apply(connection: Connection, job: Job): Answer {
  return job.type === 'commit' ? applyCommit(connection, job.changes) : applyCollectionJob(connection, job);
}

/** Whether a job left its mark: what did not hold is undone to its savepoint. */
function holds(answer: Answer): boolean {
  return 'stands' in answer || answer.result === 'done';
}

type Entry = Batch['jobs'][number];
type Results = FileReport['results'];

function work(connection: Connection, entries: readonly Entry[]): Results {
  const { database } = connection;
  return entries.map(({ id, job }) => {
    database.exec('SAVEPOINT job');
    const answer = apply(connection, job);
    database.exec(holds(answer) ? 'RELEASE job' : 'ROLLBACK TO job; RELEASE job');
    return { id, answer };
  });
}

/**
 * Does the jobs in one transaction. A job that fails takes the transaction with it; then, as long as COMMIT was not
 * begun, nothing was written, and each half gets a transaction of its own: in the end that job fails alone.
 */
function transact(file: string, entries: readonly Entry[]): Results {
  let stage: 'opening' | 'working' | 'committing' = 'opening';
  try {
    const connection = connectionTo(file);
    connection.database.exec('BEGIN IMMEDIATE');
    stage = 'working';
    const results = work(connection, entries);
    stage = 'committing';
    connection.database.exec('COMMIT');
    connection.demandInPlace();
    return results;
  } catch (error) {
    // Closing undoes what is open, and the next job starts from what the disk has, not from what this connection believes.
    close(file);
    if (stage === 'working' && entries.length > 1) {
      const middle = Math.ceil(entries.length / 2);
      return [...transact(file, entries.slice(0, middle)), ...transact(file, entries.slice(middle))];
    }
    const fault = faultOf(file, error);
    return entries.map(({ id }) => ({ id, fault }));
  }
}

port.on('message', (message: Batch | 'close') => {
  if (message === 'close') {
    for (const file of [master.file, ...open.keys()]) close(file);
    port.close();
    return;
  }
  const byFile = Map.groupBy(message.jobs, ({ file }) => file);
  let left = byFile.size;
  for (const [file, entries] of byFile) {
    const began = performance.now();
    const results = transact(file, entries);
    left -= 1;
    port.postMessage({ results, milliseconds: performance.now() - began, last: left === 0 } satisfies FileReport);
  }
});

setInterval(() => {
  const before = performance.now() - idleMilliseconds;
  for (const [file, { used }] of open) if (used < before) close(file);
}, idleMilliseconds / 2).unref();
