import { randomUUID } from 'node:crypto';
import type { ClientSession, Db, MongoClient } from 'mongodb';
import type { CommitPoint } from '../commit-points.ts';
import type { Change, Outcome } from '../records.ts';
import { unavailable } from '../unavailable.ts';
import { pauseBefore, persistently, untilEnd } from './attempts.ts';
import { hasCode, isPassing, isUnanswered, serverCodes, tellable, UnansweredError, UnmatchedError } from './faults.ts';
import { memberOfIndex } from './indexes.ts';
import { documentOf, type RecordDocument } from './record-form.ts';

/** With what commits are made. */
export interface CommitGround {
  readonly client: MongoClient;
  readonly database: Db;
  /** Called at each step of a commit of several records; does nothing but in a test. */
  readonly reach: (point: CommitPoint) => void;
}

const done: Outcome = { result: 'done' };

/** So much earlier than the caller the server gives up a write that waits for others: none is under way when the caller is told. */
const earlierMilliseconds = 100;

/** One commit over all its attempts. */
interface Commit {
  readonly changes: readonly Change[];
  /** Names it on each record that it writes. */
  readonly mark: string;
  readonly end: number;
  /** Whether something was sent that may have decided it, and was not answered. */
  lost: boolean;
}

/**
 * Commits: one change by one atomic operation, several by one transaction. What fails in a way that passes is done again
 * until the call's time is over. The driver's own repetition (`withTransaction`) would go on for two minutes, and does not
 * know of an attempt whose answer was lost: that one may have happened, so that a later attempt which is refused looks
 * for this commit's mark before it tells anything.
 *
 * @throws {TenantryError} storage_unavailable: it failed, or nobody can say what became of it
 */
export async function commitChanges(ground: CommitGround, changes: readonly Change[], end: number): Promise<Outcome> {
  const commit: Commit = { changes, mark: randomUUID(), end, lost: false };
  if (performance.now() >= end) throw unavailable(new Error('the time of the commit was over before it began'));
  for (;;) {
    try {
      const outcome = await untilEnd(() => attempt(ground, commit), commit.end);
      if (!commit.lost || outcome.result === 'done') return outcome;
      if (await bearsMark(ground, commit)) return done;
      throw unavailable(new UnansweredError());
    } catch (error) {
      commit.lost ||= isUnanswered(error);
      if (!isPassing(error) || !(await pauseBefore(commit.end))) throw tellable(error);
    }
  }
}

function attempt(ground: CommitGround, commit: Commit): Promise<Outcome> {
  const [only, ...others] = commit.changes;
  if (only === undefined) return Promise.resolve(done);
  return others.length === 0 ? applyAlone(ground, only, commit) : applyTogether(ground, commit);
}

async function applyAlone({ database }: CommitGround, change: Change, writing: Writing): Promise<Outcome> {
  const outcome = await apply(database, change, writing);
  if (outcome.result !== 'conflict') return outcome;
  const { id, version } = change.record;
  const standing = await recordsIn(database, change).findOne({ _id: id, version }, { projection: { _id: 1 } });
  if (standing !== null) throw new UnmatchedError(`${change.kind.name} ${id} stands at version ${version}`);
  return outcome;
}

async function applyTogether(ground: CommitGround, commit: Commit): Promise<Outcome> {
  const { client, database, reach } = ground;
  await using session = client.startSession({ causalConsistency: false });
  session.startTransaction({
    readConcern: { level: 'snapshot' },
    writeConcern: { w: 'majority', journal: true, wtimeoutMS: 5_000 },
    readPreference: 'primary',
  });
  reach('commit.begun');
  for (const change of commit.changes) {
    const outcome = await apply(database, change, { ...commit, session });
    if (outcome.result === 'done') continue;
    await session.abortTransaction();
    return outcome;
  }
  reach('commit.written');
  if (performance.now() >= commit.end) {
    // Its caller was answered, and it waited for others until now: nothing is decided that late.
    await session.abortTransaction();
    throw new UnansweredError();
  }
  await decideTogether(ground, commit, session);
  reach('commit.decided');
  return done;
}

/**
 * Commits the transaction. Where the answer is lost the commit is repeated and not the transaction: one whose commit did
 * not reach the server stays open there, up to a minute, and would be in the way of its own repetition.
 */
async function decideTogether(ground: CommitGround, commit: Commit, session: ClientSession): Promise<void> {
  for (;;) {
    try {
      await session.commitTransaction();
      return;
    } catch (error) {
      if (!isUnanswered(error)) throw error;
      commit.lost = true;
      if (!(await pauseBefore(commit.end))) throw error;
      if (await bearsMark(ground, commit)) return;
    }
  }
}

interface Writing {
  readonly mark: string;
  readonly end: number;
  readonly session?: ClientSession;
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
async function write(database: Db, change: Change, { mark, end, session }: Writing): Promise<boolean> {
  const { op, record } = change;
  const collection = recordsIn(database, change);
  const expected = { _id: record.id, version: record.version };
  const maxTimeMS = Math.max(1, Math.floor(end - performance.now() - earlierMilliseconds));
  const within = session === undefined ? { maxTimeMS } : { maxTimeMS, session };
  switch (op) {
    case 'insert':
      if (record.version !== 1) throw new RangeError('a record is inserted with version 1');
      await collection.insertOne(documentOf(record, mark), within);
      return true;
    case 'replace': {
      const { _id, ...next } = documentOf({ ...record, version: record.version + 1 }, mark);
      return (await collection.replaceOne(expected, next, within)).matchedCount === 1;
    }
    case 'remove':
      return (await collection.deleteOne(expected, within)).deletedCount === 1;
    case 'check':
      // A snapshot that only reads conflicts with nothing.
      return (await collection.updateOne(expected, { $set: { _commit: mark } }, within)).matchedCount === 1;
  }
}

function recordsIn(database: Db, { kind }: Change) {
  return database.collection<RecordDocument>(kind.name);
}

/**
 * Whether an earlier attempt of the commit happened: its mark is on a record that it wrote. A linearizable read, because
 * the answer was lost together with the knowledge of a majority. Of what was removed nothing tells who did it.
 */
async function bearsMark({ database }: CommitGround, { changes, mark, end }: Commit): Promise<boolean> {
  // Of one that was written by others since, another may still bear it.
  for (const witness of changes.filter(({ op }) => op !== 'remove')) {
    const found = await persistently(
      () =>
        recordsIn(database, witness).findOne(
          { _id: witness.record.id, _commit: mark },
          { projection: { _id: 1 }, readConcern: { level: 'linearizable' } },
        ),
      end,
    );
    if (found !== null) return true;
  }
  return false;
}
