import type { Db } from 'mongodb';
import type { Change, Outcome } from '../records.ts';
import { type CommitGround, commitWork, demandServer, optionsOf, type Writing } from './commit.ts';
import { hasCode, serverCodes, UnmatchedError } from './faults.ts';
import { memberOfIndex } from './indexes.ts';
import { demandLayoutIn } from './layout.ts';
import { documentOf, type RecordDocument } from './record-form.ts';

const done: Outcome = { result: 'done' };

/**
 * Commits changes of records: one change by one atomic operation, several by one transaction.
 *
 * @param end when the caller stops waiting, in milliseconds of `performance.now()`
 * @throws {TenantryError} busy; storage_unavailable: it failed, or nobody can say what became of it
 */
export async function commitRecords(ground: CommitGround, changes: readonly Change[], end: number): Promise<Outcome> {
  const { database } = ground;
  const [only, ...others] = changes;
  if (only === undefined) return done;
  const isSingle = others.length === 0;
  const apply = (writing: Writing) =>
    isSingle ? applyAlone(database, only, writing) : applyInTurn(ground, changes, writing);
  const witnesses = changes
    .filter(({ op }) => op !== 'remove')
    .map(({ kind, record }) => ({ database, collection: kind.name, ids: [record.id] }));
  return await commitWork(ground, { isSingle, apply, witnesses }, end);
}

async function applyAlone(database: Db, change: Change, writing: Writing): Promise<Outcome> {
  const outcome = await apply(database, change, writing);
  if (outcome.result !== 'conflict') return outcome;
  const { id, version } = change.record;
  const standing = await recordsIn(database, change).findOne({ _id: id, version }, { projection: { _id: 1 } });
  if (standing !== null) throw new UnmatchedError(`${change.kind.name} ${id} stands at version ${version}`);
  return outcome;
}

/** Within a transaction. */
async function applyInTurn(ground: CommitGround, changes: readonly Change[], writing: Writing): Promise<Outcome> {
  const { database } = ground;
  if (writing.session && changes.some(({ op }) => op === 'insert')) await demandLayoutIn(database, writing.session);
  for (const change of changes) {
    demandServer(ground);
    const outcome = await apply(database, change, writing);
    if (outcome.result !== 'done') return outcome;
  }
  return done;
}

async function apply(database: Db, change: Change, writing: Writing): Promise<Outcome> {
  const { kind, record } = change;
  try {
    const matched = await write(database, change, writing);
    return matched ? done : { result: 'conflict', kind: kind.name, id: record.id };
  } catch (error) {
    const index = hasCode(error, serverCodes.duplicateKey) ? memberOfIndex(String(error)) : undefined;
    if (index === undefined) throw error;
    return { result: 'duplicate', kind: kind.name, index };
  }
}

/** @returns whether the record was there at the version that the change expects */
async function write(database: Db, change: Change, writing: Writing): Promise<boolean> {
  const { op, record } = change;
  const { mark } = writing;
  const collection = recordsIn(database, change);
  const expected = { _id: record.id, version: record.version };
  const options = optionsOf(writing);
  switch (op) {
    case 'insert':
      if (record.version !== 1) throw new RangeError('a record is inserted with version 1');
      await collection.insertOne(documentOf(record, mark), options);
      return true;
    case 'replace': {
      const { _id, ...next } = documentOf({ ...record, version: record.version + 1 }, mark);
      return (await collection.replaceOne(expected, next, options)).matchedCount === 1;
    }
    case 'remove':
      return (await collection.deleteOne(expected, options)).deletedCount === 1;
    case 'check':
      // A snapshot that only reads conflicts with nothing.
      return (await collection.updateOne(expected, { $set: { _commit: mark } }, options)).matchedCount === 1;
  }
}

function recordsIn(database: Db, { kind }: Change) {
  return database.collection<RecordDocument>(kind.name);
}
