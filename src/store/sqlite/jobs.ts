import type { KeptAnswer, KeptBound, Quota, StoredDocument, Usage, WriteOutcome } from '../documents.ts';
import type { Outcome } from '../records.ts';
import type { NewEntry } from '../trail.ts';
import type { TenantTable } from './tenant-table.ts';

/** What the main thread asks of a writer's thread. A job touches one file and is done in a transaction or not at all. */
export type Job =
  | CommitJob
  | HasTableJob
  | MakeTableJob
  | DropTableJob
  | EraseJob
  | WriteJob
  | RemoveSomeJob
  | RaiseEpochJob
  | AdjustJob
  | ForgetKeptJob;

/** A commit of records to the master database. */
export interface CommitJob {
  readonly type: 'commit';
  readonly changes: readonly WrittenChange[];
  /** Applied after the changes. */
  readonly appends: readonly WrittenAppend[];
}

/** An entry for a trail, whose place in it the writer finds. */
export interface WrittenAppend {
  readonly entries: string;
  readonly trails: string;
  readonly entry: NewEntry;
  readonly expires_at: string | undefined;
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

/** Looks whether a table of this name stands. */
export interface HasTableJob {
  readonly type: 'has';
  readonly name: string;
}

/** Makes an organization's table and slot, where they do not stand yet. */
export interface MakeTableJob {
  readonly type: 'make';
  readonly table: TenantTable;
  readonly epoch: number;
}

/** Removes an organization's slot and, unless it is shared, its table and its kept answers. */
export interface DropTableJob {
  readonly type: 'drop';
  readonly table: TenantTable;
}

/** Removes up to so many rows and kept answers of an organization without a slot from the table that it shared. */
export interface EraseJob {
  readonly type: 'erase';
  readonly table: TenantTable;
  readonly most: number;
}

/** A write of documents. */
export interface WriteJob {
  readonly type: 'write';
  readonly table: TenantTable;
  readonly epoch: number;
  readonly collection: string;
  readonly changes: readonly DocumentWriting[];
  readonly quota: Quota;
  readonly keep: KeptAnswer | undefined;
  readonly keepWithin: KeptBound | undefined;
  /** What its documents take, about. */
  readonly bytes: number;
  /** RFC 3339, UTC, milliseconds. */
  readonly now: string;
}

/** A change of a document without what it had before but its version. */
export type DocumentWriting =
  | { readonly op: 'insert'; readonly document: StoredDocument }
  | { readonly op: 'replace'; readonly before: Before; readonly document: StoredDocument }
  | { readonly op: 'remove'; readonly before: Before; readonly id: string };

/** By what the document is known that was read: versions begin anew where one is removed and made again. */
export type Before = Pick<StoredDocument, 'version' | 'created_at' | 'updated_at'>;

/** Removes the first documents of a collection by id. */
export interface RemoveSomeJob {
  readonly type: 'removeSome';
  readonly table: TenantTable;
  readonly epoch: number;
  readonly collection: string;
  readonly most: number;
}

/** Raises an organization's slot to the epoch, where it is behind it. */
export interface RaiseEpochJob {
  readonly type: 'raiseEpoch';
  readonly organization: string;
  readonly epoch: number;
}

/** Adds to an organization's slot, and to what is counted of its collections by name. */
export interface AdjustJob {
  readonly type: 'adjust';
  readonly organization: string;
  readonly slot: Usage;
  readonly collections: readonly (readonly [string, Usage])[];
}

/** Removes up to so many kept answers whose time is over, whoever's. */
export interface ForgetKeptJob {
  readonly type: 'forgetKept';
  /** RFC 3339, UTC, milliseconds. */
  readonly now: string;
  readonly most: number;
}

/** What was found of, or done to, a table. */
export interface TableState {
  readonly stands: boolean;
  /** Whether this job changed anything. */
  readonly changed: boolean;
  /** The number of organizations in the file. */
  readonly organizations: number;
}

/** How many rows a job removed. */
export interface Removal {
  readonly changed: boolean;
  readonly removed: number;
}

/** The answer to each job. One with a `result` that is not `done` left nothing. */
export interface Answers {
  commit: Outcome;
  has: TableState;
  /** `isNew`: the organization was not in the file before. */
  make: TableState & { readonly isNew: boolean };
  /** `usage` is what the slot counted. */
  drop: TableState & { readonly usage: Usage };
  /** `left`: whether anything of the organization is there still. */
  erase: { readonly changed: boolean; readonly left: boolean };
  write: WriteOutcome;
  removeSome: Removal | { readonly result: 'moved' };
  raiseEpoch: { readonly changed: boolean };
  adjust: { readonly changed: boolean };
  forgetKept: Removal;
}

/** What a job came to. */
export type Answer = Answers[Job['type']];

/** Whether a job changed anything that is now on disk. */
export function hasChanged(answer: Answer): boolean {
  return 'result' in answer ? answer.result === 'done' : answer.changed;
}

/** In the place of an organization: whose the records are, and what is done to a whole file. */
export const nobody = '';

/** Whose job it is; those that are nobody's are as one organization's. */
export function organizationOf(job: Job): string {
  if ('table' in job) return job.table.organization;
  return 'organization' in job ? job.organization : nobody;
}
