import type { Outcome } from '../records.ts';
import type { Fault } from './faults.ts';

/** What the main thread asks of a writer's thread. A job touches one file and is done in a transaction or not at all. */
export type Job = CommitJob | CollectionJob;

/** A commit of records to the master database. */
export interface CommitJob {
  readonly type: 'commit';
  readonly changes: readonly WrittenChange[];
}

/** A change with its record as it will stand in the table. */
export interface WrittenChange {
  readonly op: 'insert' | 'replace' | 'remove' | 'check';
  readonly kind: string;
  /** The members of the kind's unique indexes, in the order of their declaration. */
  readonly unique: readonly string[];
  readonly id: string;
  /** The version that is expected, or for `insert` the first one. */
  readonly version: number;
  /** JSON of the record with its next version; empty where nothing is written. */
  readonly body: string;
}

/** Looks for, makes or drops an organization's table. */
export interface CollectionJob {
  readonly type: 'has' | 'make' | 'drop';
  readonly collection: string;
}

/** The answer to a `CollectionJob`. */
export interface CollectionState {
  readonly stands: boolean;
  /** Whether this job made or dropped it. */
  readonly changed: boolean;
  /** The number of organizations' tables in the file. */
  readonly tables: number;
}

/** What a job came to: `Outcome` of a commit, `CollectionState` of the others. */
export type Answer = Outcome | CollectionState;

/** What became of a job. */
export type Result = { readonly answer: Answer } | { readonly fault: Fault };

/** All jobs that the main thread hands over at once. */
export interface Batch {
  readonly jobs: readonly { readonly id: number; readonly file: string; readonly job: Job }[];
}

/** What became of a batch's jobs for one file. They were one transaction, unless one of them failed. */
export interface FileReport {
  readonly results: readonly ({ readonly id: number } & Result)[];
  readonly milliseconds: number;
  /** The last report for a batch: the writer is free for the next one. */
  readonly last: boolean;
}
