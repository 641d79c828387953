/**
 * A writer's thread. It alone writes the files that are given to it, so that the event loop never waits for the disk.
 * What has gathered for a file is one transaction, each job in a savepoint of its own; the answers leave after COMMIT.
 */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { type Connection, connect, pragmaNumber, tenantBounds } from './connection.ts';
import { createFile, removeDatabase } from './disk.ts';
import { faultOf, LostFileError } from './faults.ts';
import { type Answer, type Job, organizationOf, type WriteJob } from './jobs.ts';
import { type Batch, type FileReport, type ReportPart, received } from './messages.ts';
import { inSavepoint } from './savepoint.ts';
import { removeSome, writesOf } from './write-documents.ts';
import { applyCommit } from './write-records.ts';
import { adjust, forgetKept, makeSlotTables, raiseEpoch } from './write-slots.ts';
import { dropTable, eraseSome, hasTable, makeTable } from './write-tables.ts';

/** What a writer's thread is started with. */
export interface WriterData {
  readonly directory: string;
  /**
   * The master database, which stays open, and is never another file than the one that was there at the start; undefined in
   * a directory that has none.
   */
  readonly master: undefined | { readonly file: string; readonly identity: string };
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

/** Those of them that surely have the tables that all organizations of a file share. */
const prepared = new WeakSet<Connection>();

function connectionTo(file: string): Connection {
  if (file === master?.file) {
    masterConnection ??= connectMaster(master);
    return masterConnection;
  }
  const connection = open.get(file)?.connection ?? connect(join(directory, file), 'write', tenantBounds);
  open.delete(file);
  open.set(file, { connection, used: performance.now() });
  const [oldest] = open.keys();
  if (open.size > mostOpenFiles && oldest !== undefined) close(oldest);
  return connection;
}

/** The main thread reads, and remembers, the file that it opened at the start. */
function connectMaster({ file, identity }: NonNullable<WriterData['master']>): Connection {
  const connection = connect(join(directory, file), 'write');
  if (connection.identity === identity) return connection;
  connection.close();
  throw new LostFileError();
}

function close(file: string): void {
  const connection = file === master?.file ? masterConnection : open.get(file)?.connection;
  if (file === master?.file) masterConnection = undefined;
  open.delete(file);
  connection?.close();
}

function remove(file: string): void {
  close(file);
  removeDatabase(join(directory, file));
}

function apply(connection: Connection, job: Exclude<Job, WriteJob>): Answer {
  switch (job.type) {
    case 'commit':
      return applyCommit(connection, job);
    case 'has':
      return hasTable(connection, job);
    case 'make':
      return makeTable(connection, job);
    case 'drop':
      return dropTable(connection, job);
    case 'erase':
      return eraseSome(connection, job);
    case 'removeSome':
      return removeSome(connection, job);
    case 'raiseEpoch':
      return raiseEpoch(connection, job);
    case 'adjust':
      return adjust(connection, job);
    case 'forgetKept':
      return forgetKept(connection, job);
  }
}

interface Entry {
  readonly id: number;
  readonly job: Job;
}

/** Does each job or leaves nothing of it: those of an organization in their order, one organization after another. */
function work(connection: Connection, entries: readonly Entry[]): ReportPart {
  const answers: [id: number, Answer][] = [];
  for (const [organization, own] of Map.groupBy(entries, ({ job }) => organizationOf(job))) {
    const writes = writesOf(connection, organization);
    for (const { id, job } of own) {
      if (job.type === 'write') answers.push([id, writes.apply(job)]);
      else {
        writes.count();
        answers.push([id, inSavepoint(connection, () => apply(connection, job), holds)]);
      }
    }
    writes.count();
  }
  return { answers };
}

function holds(answer: Answer): boolean {
  return !('result' in answer) || answer.result === 'done';
}

/** Whether a job makes or drops an organization that has the file for itself. */
function changesOwnFile({ job }: Entry): boolean {
  return (job.type === 'make' || job.type === 'drop') && job.table.hasOwnFile;
}

/**
 * Does the jobs in one transaction. A job that fails takes the transaction with it; then, as long as COMMIT was not
 * begun, nothing was written, and each half gets a transaction of its own: in the end that job fails alone.
 */
function transact(file: string, entries: readonly Entry[]): ReportPart[] {
  let stage: 'opening' | 'working' | 'committing' = 'opening';
  try {
    const mayGo = entries.some(changesOwnFile);
    // Also for a drop: one that comes again finds nothing, and leaves nothing.
    if (mayGo) createFile(join(directory, file));
    const connection = connectionTo(file);
    connection.database.exec('BEGIN IMMEDIATE');
    stage = 'working';
    if (file !== master?.file && !prepared.has(connection)) makeSlotTables(connection);
    const done = work(connection, entries);
    const isEmpty = mayGo && pragmaNumber(connection.database, 'user_version') === 0;
    stage = 'committing';
    connection.database.exec('COMMIT');
    connection.demandInPlace();
    prepared.add(connection);
    if (isEmpty) remove(file);
    return [done];
  } catch (error) {
    // Closing undoes what is open, and the next job starts from what the disk has, not from what this connection believes.
    close(file);
    if (stage === 'working' && entries.length > 1) {
      const middle = Math.ceil(entries.length / 2);
      return [...transact(file, entries.slice(0, middle)), ...transact(file, entries.slice(middle))];
    }
    return [{ ids: entries.map(({ id }) => id), fault: faultOf(file, error) }];
  }
}

port.on('message', (message: Batch | 'close') => {
  if (message === 'close') {
    if (master !== undefined) close(master.file);
    for (const file of [...open.keys()]) close(file);
    port.close();
    return;
  }
  for (const [place, { file, jobs }] of message.entries()) {
    const began = performance.now();
    const entries = jobs.map(([id, job]) => ({ id, job: received(file, job) }));
    const parts = transact(file, entries);
    const last = place === message.length - 1;
    port.postMessage({ parts, milliseconds: performance.now() - began, last } satisfies FileReport);
  }
});

setInterval(() => {
  const before = performance.now() - idleMilliseconds;
  for (const [file, { used }] of open) if (used < before) close(file);
}, idleMilliseconds / 2).unref();
