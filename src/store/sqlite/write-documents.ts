import type { Quota, Usage, WriteOutcome } from '../documents.ts';
import { bytesOf } from '../documents.ts';
import type { Connection } from './connection.ts';
import type { Answers, Before, DocumentWriting, RemoveSomeJob, WriteJob } from './jobs.ts';
import { quoted } from './layout.ts';
import { inSavepoint } from './savepoint.ts';
import { inCollection, keyColumns } from './tenant-table.ts';
import { count, forgetKept, keptOf, type Slot, slotOf } from './write-slots.ts';

/** Writes of one organization in a transaction: its slot is read before the first, and counted in when all are done. */
export interface Writes {
  /**
   * Does a write, or leaves nothing of it. What is replaced or removed is counted as it stands: its sender may have read
   * another document of the same id and version.
   */
  apply(job: WriteJob): WriteOutcome;
  /** Counts what was done since the last time: before anything else of the organization, and in the end. */
  count(): void;
}

/** Nothing is read yet. */
export function writesOf(connection: Connection, organization: string): Writes {
  /** As it stands with all that is done; undefined where it was not read. */
  let slot: { readonly read: Slot | undefined } | undefined;
  const added = new Map<string, Usage>();
  return {
    apply(job) {
      slot ??= { read: slotOf(connection, organization) };
      const { read } = slot;
      if (read === undefined || read.epoch !== job.epoch) return { result: 'moved' };
      const write = () => applyWrite(connection, job, read);
      const outcome = isUndone(job) ? inSavepoint(connection, write, isDone) : write();
      if (!isDone(outcome)) return outcome;
      slot = { read: { ...read, ...sum(read, outcome.added) } };
      added.set(job.collection, sum(added.get(job.collection) ?? nothing, outcome.added));
      return done;
    },
    count() {
      slot = undefined;
      for (const [collection, usage] of added) count(connection, organization, collection, usage);
      added.clear();
    },
  };
}

/** One object for all: the same object is told to another thread once. */
const done = { result: 'done' } as const;

const nothing: Usage = { documents: 0, bytes: 0 };

/** What a write came to that is not counted yet. */
type Applied = Exclude<WriteOutcome, typeof done> | (typeof done & { readonly added: Usage });

function isDone(applied: Applied): applied is Extract<Applied, typeof done> {
  return applied.result === 'done';
}

/** Whether anything of a write may have been done where it does not hold. */
function isUndone({ changes, keep, quota }: WriteJob): boolean {
  return changes.length > 1 || keep !== undefined || quota.documents !== undefined || quota.bytes !== undefined;
}

function sum(one: Usage, other: Usage): Usage {
  return { documents: one.documents + other.documents, bytes: one.bytes + other.bytes };
}

function applyWrite(connection: Connection, job: WriteJob, slot: Slot): Applied {
  if (!keepAnswer(connection, job)) return { result: 'kept' };
  if (!hasRoomToKeep(connection, job)) return { result: 'unkept' };
  let added = nothing;
  for (const [place, change] of job.changes.entries()) {
    const each = applyChange(connection, job, change);
    if (each === undefined) return { result: change.op === 'insert' ? 'exists' : 'conflict', change: place };
    added = sum(added, each);
  }
  const quota = passedQuota(slot, added, job.quota);
  if (quota !== undefined) {
    return { result: 'full', quota, usage: { documents: slot.documents, bytes: slot.bytes } };
  }
  return { ...done, added };
}

/** Keeps the answer of a write that has one; false where another is kept by its id. */
function keepAnswer({ prepare }: Connection, { table: { organization }, keep, now }: WriteJob): boolean {
  if (keep === undefined) return true;
  const { changes } = prepare(
    `INSERT INTO kept_answers (organization, id, request, answer, expires_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (organization, id) DO UPDATE
    SET request = excluded.request, answer = excluded.answer, expires_at = excluded.expires_at WHERE expires_at <= ?`,
  ).run(organization, keep.id, keep.request, keep.answer, keep.expires_at, now);
  return changes === 1;
}

/** Rows of answers whose time is over that are removed before a write is refused; the rest is `forgetKept`'s. */
const mostForgotten = 1_000;

/** Whether what is kept, with the answer of this write, is within its bound. */
function hasRoomToKeep(connection: Connection, { table: { organization }, keep, keepWithin, now }: WriteJob): boolean {
  if (keep === undefined || keepWithin === undefined) return true;
  const fits = () => {
    const { answers, bytes } = keptOf(connection, organization);
    return answers <= keepWithin.answers && bytes <= keepWithin.bytes;
  };
  return fits() || (forgetKept(connection, { type: 'forgetKept', now, most: mostForgotten }).changed && fits());
}

type Target = Pick<WriteJob, 'table' | 'collection'>;

/** Does one change and gives what it adds; undefined where it does not hold. */
function applyChange(connection: Connection, target: Target, change: DocumentWriting): Usage | undefined {
  switch (change.op) {
    case 'insert':
      return insertDocument(connection, target, change);
    case 'replace':
      return replaceDocument(connection, target, change);
    case 'remove':
      return removeDocument(connection, target, change);
  }
}

type Writing<Op> = Extract<DocumentWriting, { op: Op }>;

function insertDocument(
  { prepare }: Connection,
  { table, collection }: Target,
  { document }: Writing<'insert'>,
): Usage | undefined {
  const { values } = inCollection(table, collection);
  const places = values.map(() => '?').join(', ');
  const { id, version, created_at, updated_at, members } = document;
  const { changes } = prepare(
    `INSERT INTO ${quoted(table.name)} (${keyColumns(table)}, version, created_at, updated_at, members)
    VALUES (${places}, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  ).run(...values, id, version, created_at ?? null, updated_at ?? null, members);
  return changes === 1 ? { documents: 1, bytes: bytesOf(document) } : undefined;
}

/** That a row is the document that was read. */
const asRead = 'id = ? AND version = ? AND created_at IS ? AND updated_at IS ?';

function valuesOf({ version, created_at, updated_at }: Before): (string | number | null)[] {
  return [version, created_at ?? null, updated_at ?? null];
}

function replaceDocument(
  { prepare }: Connection,
  { table, collection }: Target,
  { before: read, document }: Writing<'replace'>,
): Usage | undefined {
  const { sql, values } = inCollection(table, collection);
  const before = prepare(
    `SELECT rowid, octet_length(members) AS bytes FROM ${quoted(table.name)} WHERE ${sql} AND ${asRead}`,
  ).get(...values, document.id, ...valuesOf(read)) as { rowid: number; bytes: number } | undefined;
  if (before === undefined) return undefined;
  const { created_at = null, updated_at = null, members } = document;
  prepare(
    `UPDATE ${quoted(table.name)} SET version = version + 1, created_at = ?, updated_at = ?, members = ? WHERE rowid = ?`,
  ).run(created_at, updated_at, members, before.rowid);
  return { documents: 0, bytes: bytesOf(document) - before.bytes };
}

function removeDocument(
  { prepare }: Connection,
  { table, collection }: Target,
  { before: read, id }: Writing<'remove'>,
): Usage | undefined {
  const { sql, values } = inCollection(table, collection);
  const removed = prepare(
    `DELETE FROM ${quoted(table.name)} WHERE ${sql} AND ${asRead} RETURNING octet_length(members) AS bytes`,
  ).get(...values, id, ...valuesOf(read)) as { bytes: number } | undefined;
  return removed && { documents: -1, bytes: -removed.bytes };
}

/** Which quota a write passes that adds to what it bounds. */
function passedQuota(slot: Usage, added: Usage, quota: Quota): keyof Quota | undefined {
  const passes = (what: keyof Quota) => added[what] > 0 && slot[what] + added[what] > (quota[what] ?? Infinity);
  return (['documents', 'bytes'] as const).find(passes);
}

/** Removes the first documents of a collection by id, with their count. */
export function removeSome(connection: Connection, job: RemoveSomeJob): Answers['removeSome'] {
  const { table, collection, most } = job;
  if (slotOf(connection, table.organization)?.epoch !== job.epoch) return { result: 'moved' };
  const { sql, values } = inCollection(table, collection);
  const rows = connection
    .prepare(
      `DELETE FROM ${quoted(table.name)} WHERE rowid IN
      (SELECT rowid FROM ${quoted(table.name)} WHERE ${sql} ORDER BY id LIMIT ?) RETURNING octet_length(members) AS bytes`,
    )
    .all(...values, most);
  const bytes = rows.reduce((sum, row) => sum + Number(row['bytes']), 0);
  count(connection, table.organization, collection, { documents: -rows.length, bytes: -bytes });
  return { changed: rows.length > 0, removed: rows.length };
}
