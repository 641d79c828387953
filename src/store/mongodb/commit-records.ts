import type { Db } from 'mongodb';
import { type Append, type Change, type Outcome, type RecordChange, sorted } from '../records.ts';
import { linked, type Trail } from '../trail.ts';
import { type CommitGround, commitWork, demandServer, optionsOf, type Witness, type Writing } from './commit.ts';
import { hasCode, serverCodes, UnmatchedError } from './faults.ts';
import { memberOfIndex } from './indexes.ts';
import { demandLayoutIn } from './layout.ts';
import { documentOf, type RecordDocument, recordOf } from './record-form.ts';

const done: Outcome = { result: 'done' };

/**
 * Commits changes of records: one change by one atomic operation, several by one transaction.
 *
 * @param end when the caller stops waiting, in milliseconds of `performance.now()`
 * @throws {TenantryError} busy; storage_unavailable: it failed, or nobody can say what became of it
 */
export async function commitRecords(ground: CommitGround, changes: readonly Change[], end: number): Promise<Outcome> {
  const { database } = ground;
  const { plain, appends } = sorted(changes);
  if (changes.length === 0) return done;
  const [only, ...others] = plain;
  const witnesses: Witness[] = plain
    .filter(({ op }) => op !== 'remove')
    .map(({ kind, record }) => ({ database, collection: kind.name, ids: [record.id] }));
  if (only !== undefined && others.length + appends.length === 0) {
    const apply = (writing: Writing) => applyAlone(database, only, writing);
    return await commitWork(ground, { isSingle: true, apply, witnesses }, end);
  }
  const apply = async (writing: Writing) => {
    const outcome = await applyInTurn(ground, plain, writing);
    if (outcome.result !== 'done') return outcome;
    for (const each of appends) witnesses.push(await appendEntry(ground, each, writing));
    return done;
  };
  return await commitWork(ground, { isSingle: false, apply, witnesses }, end);
}

/**
 * Adds an entry within a transaction. Who else appends to the trail meets this one at its end, and one of the two does its
 * whole transaction again.
 *
 * @returns where the commit's mark is then
 */
async function appendEntry(
  ground: CommitGround,
  { kinds: { entries, trails }, entry, expires_at }: Append,
  writing: Writing,
): Promise<Witness> {
  const { database } = ground;
  demandServer(ground);
  const ends = database.collection<RecordDocument>(trails.name);
  const standing = await ends.findOne({ _id: entry.organization_id }, optionsOf(writing));
  const before = standing === null ? undefined : (recordOf(standing) as Trail);
  const next = linked(before, entry, expires_at);
  demandServer(ground);
  const { _id, ...members } = documentOf(next.trail, writing.mark);
  try {
    if (before === undefined) await ends.insertOne({ _id, ...members }, optionsOf(writing));
    else {
      const { matchedCount } = await ends.replaceOne({ _id, version: before.version }, members, optionsOf(writing));
      if (matchedCount !== 1) throw new UnmatchedError(`the trail ${_id} has gone on`);
    }
    demandServer(ground);
    await database
      .collection<RecordDocument>(entries.name)
      .insertOne(documentOf(next.entry, writing.mark), optionsOf(writing));
  } catch (error) {
    if (hasCode(error, serverCodes.duplicateKey)) throw new UnmatchedError(`the trail ${_id} has gone on`);
    throw error;
  }
  return { database, collection: entries.name, ids: [next.entry.id] };
}

async function applyAlone(database: Db, change: RecordChange, writing: Writing): Promise<Outcome> {
  if (change.op === 'insert') await demandLayoutIn(database, undefined);
  const outcome = await apply(database, change, writing);
  if (outcome.result !== 'conflict') return outcome;
  const { id, version } = change.record;
  const standing = await recordsIn(database, change).findOne({ _id: id, version }, { projection: { _id: 1 } });
  if (standing !== null) throw new UnmatchedError(`${change.kind.name} ${id} stands at version ${version}`);
  return outcome;
}

/** Within a transaction. */
async function applyInTurn(ground: CommitGround, changes: readonly RecordChange[], writing: Writing): Promise<Outcome> {
  const { database } = ground;
  if (changes.some(({ op }) => op === 'insert')) await demandLayoutIn(database, writing.session);
  for (const change of changes) {
    demandServer(ground);
    const outcome = await apply(database, change, writing);
    if (outcome.result !== 'done') return outcome;
  }
  return done;
}

async function apply(database: Db, change: RecordChange, writing: Writing): Promise<Outcome> {
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
async function write(database: Db, change: RecordChange, writing: Writing): Promise<boolean> {
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

function recordsIn(database: Db, { kind }: RecordChange) {
  return database.collection<RecordDocument>(kind.name);
}
