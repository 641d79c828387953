import type { StoredDocument } from '../documents.ts';
import type { Fault } from './faults.ts';
import type { Answer, DocumentWriting, Job, WriteJob } from './jobs.ts';

/**
 * All jobs that the main thread hands over at once. Threads copy what they tell each other member by member, each with its
 * name, which takes longer than the values: where there are many, they are lists.
 */
export type Batch = readonly FileJobs[];

/** The jobs of a batch for one file. */
export interface FileJobs {
  readonly file: string;
  readonly jobs: readonly (readonly [id: number, job: SentJob])[];
}

/** What became of a batch's jobs for one file. They were one transaction, unless one of them failed. */
export interface FileReport {
  readonly parts: readonly ReportPart[];
  readonly milliseconds: number;
  /** The last report for a batch: the writer is free for the next one. */
  readonly last: boolean;
}

/** Jobs that were one transaction: an answer for each, or what all of them failed of. */
export type ReportPart =
  | { readonly answers: readonly (readonly [id: number, answer: Answer])[] }
  | { readonly ids: readonly number[]; readonly fault: Fault };

/** A job as it is sent: a write, of which there are most, as a list. */
export type SentJob = Exclude<Job, WriteJob> | SentWrite;

type SentWrite = readonly [
  table: readonly [name: string, organization: string, isShared: boolean, hasOwnFile: boolean],
  epoch: number,
  collection: string,
  changes: readonly SentChange[],
  quota: readonly [documents: number | undefined, bytes: number | undefined],
  keep: WriteJob['keep'],
  keepWithin: WriteJob['keepWithin'],
  bytes: number,
  now: string,
];

type Times = readonly [created_at: string | undefined, updated_at: string | undefined];

type SentChange =
  | readonly ['insert', id: string, version: number, ...Times, members: string]
  | readonly ['replace', id: string, version: number, ...Times, members: string, before: number, ...Times]
  | readonly ['remove', id: string, before: number, ...Times];

/** A job as it is sent. */
export function sent(job: Job): SentJob {
  if (job.type !== 'write') return job;
  const { table, epoch, collection, changes, quota, keep, bytes, now } = job;
  const keepWithin = keep && job.keepWithin;
  return [
    [table.name, table.organization, table.isShared, table.hasOwnFile],
    epoch,
    collection,
    changes.map(sentChange),
    [quota.documents, quota.bytes],
    keep,
    keepWithin,
    bytes,
    now,
  ];
}

/** A job as it was before it was sent. */
export function received(file: string, job: SentJob): Job {
  if (!isWrite(job)) return job;
  const [[name, organization, isShared, hasOwnFile], epoch, collection, changes, quota, keep, keepWithin, bytes, now] =
    job;
  return {
    type: 'write',
    table: { file, name, organization, isShared, hasOwnFile },
    epoch,
    collection,
    changes: changes.map(receivedChange),
    quota: { documents: quota[0], bytes: quota[1] },
    keep,
    keepWithin,
    bytes,
    now,
  };
}

function isWrite(job: SentJob): job is SentWrite {
  return Array.isArray(job);
}

function sentChange(change: DocumentWriting): SentChange {
  switch (change.op) {
    case 'insert': {
      const { id, version, created_at, updated_at, members } = change.document;
      return ['insert', id, version, created_at, updated_at, members];
    }
    case 'replace': {
      const { document, before } = change;
      const { id, version, created_at, updated_at, members } = document;
      const read = [before.version, before.created_at, before.updated_at] as const;
      return ['replace', id, version, created_at, updated_at, members, ...read];
    }
    case 'remove': {
      const { id, before } = change;
      return ['remove', id, before.version, before.created_at, before.updated_at];
    }
  }
}

function receivedChange(change: SentChange): DocumentWriting {
  switch (change[0]) {
    case 'insert':
      return { op: 'insert', document: documentOf(change) };
    case 'replace': {
      const [, , , , , , version, created_at, updated_at] = change;
      return { op: 'replace', document: documentOf(change), before: { version, created_at, updated_at } };
    }
    case 'remove': {
      const [, id, version, created_at, updated_at] = change;
      return { op: 'remove', id, before: { version, created_at, updated_at } };
    }
  }
}

function documentOf([, id, version, created_at, updated_at, members]: Exclude<
  SentChange,
  readonly ['remove', ...unknown[]]
>): StoredDocument {
  return { id, version, created_at, updated_at, members };
}
