/**
 * A writer's thread. It alone writes the files that are given to it, so that the event loop never waits for the disk.
 * What has gathered for a file is one transaction, each job in a savepoint of its own; the answers leave after COMMIT.
 */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { type Connection, connect } from './connection.ts';
import { faultOf } from './faults.ts';
import type { Answer, Batch, FileReport, Job } from './jobs.ts';
import { applyCollectionJob } from './write-collections.ts';
import { applyCommit } from './write-records.ts';

/** Files other than the master that stay open: each holds three descriptors and a page cache. */
const mostOpenFiles = 32;
/** A file that was not written for this long is closed, which also folds its WAL into it. */
const idleMilliseconds = 60_000;

const { directory, master } = workerData as { directory: string; master: string };
const port = parentPort;
if (port === null) throw new Error('a writer runs as a worker thread');

const open = new Map<string, { connection: Connection; used: number }>();

/** The open connection to a file. The map is in the order of use, the longest unused first. */
function connectionTo(file: string): Connection {
  const known = open.get(file);
  const connection = known?.connection ?? connect(join(directory, file), 'write');
  open.delete(file);
  open.set(file, { connection, used: Date.now() });
  if (open.size > mostOpenFiles) {
    for (const name of open.keys()) {
      if (name === master) continue;
      close(name);
      break;
    }
  }
  return connection;
}

function close(file: string): void {
  const entry = open.get(file);
  open.delete(file);
  entry?.connection.close();
}

function apply(connection: Connection, job: Job): Answer {
  return job.type === 'commit' ? applyCommit(connection, job.changes) : applyCollectionJob(connection, job);
}

/** Whether a job left its mark: what did not hold is undone to its savepoint. */
function holds(answer: Answer): boolean {
  return 'stands' in answer || answer.result === 'done';
}

function transact(connection: Connection, jobs: readonly Job[]): Answer[] {
  const { database } = connection;
  database.exec('BEGIN IMMEDIATE');
  const answers = jobs.map((job) => {
    database.exec('SAVEPOINT job');
    const answer = apply(connection, job);
    database.exec(holds(answer) ? 'RELEASE job' : 'ROLLBACK TO job; RELEASE job');
    return answer;
  });
  database.exec('COMMIT');
  return answers;
}

function transactOn(file: string, jobs: readonly Job[]): { answers: Answer[] } | { fault: ReturnType<typeof faultOf> } {
  try {
    return { answers: transact(connectionTo(file), jobs) };
  } catch (error) {
    // Closing undoes what is open, and the next job starts from what the disk has, not from what this connection believes.
    try {
      close(file);
    } catch (closing) {
      return { fault: faultOf(file, new AggregateError([error, closing], 'failed, and could not be closed')) };
    }
    return { fault: faultOf(file, error) };
  }
}

/** Closes every file, which folds its WAL into it, and lets the thread end. */
function end(): void {
  for (const file of open.keys()) close(file);
  port?.close();
}

port.on('message', (message: Batch | 'close') => {
  if (message === 'close') return end();
  const byFile = Map.groupBy(message.jobs, (entry) => entry.file);
  let left = byFile.size;
  for (const [file, entries] of byFile) {
    const began = performance.now();
    const result = transactOn(
      file,
      entries.map((entry) => entry.job),
    );
    left -= 1;
    const report: FileReport = {
      ids: entries.map((entry) => entry.id),
      milliseconds: performance.now() - began,
      last: left === 0,
      ...result,
    };
    port.postMessage(report);
  }
});

setInterval(() => {
  const before = Date.now() - idleMilliseconds;
  for (const [file, { used }] of open) if (file !== master && used < before) close(file);
}, idleMilliseconds / 2).unref();
