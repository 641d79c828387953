import { randomUUID } from 'node:crypto';
import type { ClientSession, Db, MongoClient } from 'mongodb';
import type { CommitPoint } from '../commit-points.ts';
import type { Change, Outcome } from '../records.ts';
import { unavailable } from '../unavailable.ts';
import { pauseBefore, persistently, untilEnd } from './attempts.ts';
import { checkoutMilliseconds } from './client.ts';
import {
  hasCode,
  isPassing,
  isUnanswered,
  NoServerError,
  serverCodes,
  tellable,
  UnansweredError,
  UnmatchedError,
} from './faults.ts';
import { memberOfIndex } from './indexes.ts';
import { demandLayoutIn } from './layout.ts';
import { documentOf, type RecordDocument } from './record-form.ts';

/** With what commits are made. */
export interface CommitGround {
  readonly client: MongoClient;
  readonly database: Db;
  /** Whether a server is known now that takes writes. */
  readonly takesWrites: () => boolean;
  /** Called at each step of a commit of several records; does nothing but in a test. */
  readonly reach: (point: CommitPoint) => void;
}

const done: Outcome = { result: 'done' };

/** One commit over all its attempts. */
interface Commit {
  readonly changes: readonly Change[];
  /** Names it on each record that it writes. */
  readonly mark: string;
  readonly end: number;
  /** Nothing is begun from here on: it may wait for a connection before it is sent. */
  readonly lastSend: number;
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
  const lastSend = end - checkoutMilliseconds;
  const commit: Commit = { changes, mark: randomUUID(), end, lastSend, lost: false };
  if (performance.now() >= lastSend) throw unavailable(new Error('too little time is left for the commit'));
  for (;;) {
    try {
      const outcome = await untilEnd(() => attempt(ground, commit), commit.end);
      if (!commit.lost || outcome.result === 'done') return outcome;
      if (await bearsMark(ground, commit)) return done;
      throw unavailable(new UnansweredError());
    } catch (error) {
      // Of several changes nothing is decided until `decideTogether`, which tells by itself.
      commit.lost ||= changes.length === 1 && isUnanswered(error);
      if (!isPassing(error) || !(await pauseBefore(lastSend))) throw tellable(error);
    }
  }
}

async function attempt(ground: CommitGround, commit: Commit): Promise<Outcome> {
  const [only, ...others] = commit.changes;
  if (only === undefined) return done;
  await awaitServer(ground, commit);
  return await (others.length === 0 ? applyAlone(ground, only, commit) : applyTogether(ground, commit));
}

/**
 * Waits, where no server is known that takes writes: a write would wait within the driver, and be sent after its caller
 * was answered. What is asked in its place changes nothing, and makes the driver look for the server.
 */
async function awaitServer({ database, takesWrites }: CommitGround, { lastSend }: Commit): Promise<void> {
  while (!takesWrites()) await persistently(() => database.command({ ping: 1 }), lastSend);
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
  if (commit.changes.some(({ op }) => op === 'insert')) await demandLayoutIn(database, session);
  for (const change of commit.changes) {
    if (!ground.takesWrites()) throw new NoServerError();
    const outcome = await apply(database, change, { ...commit, session });
    if (outcome.result === 'done') continue;
    await session.abortTransaction();
    return outcome;
  }
  reach('commit.written');
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
    await awaitServer(ground, commit);
    // Its caller may have been answered while it waited for others: nothing is decided that late.
    if (performance.now() >= commit.lastSend) throw new UnansweredError();
    try {
      await session.commitTransaction();
      return;
    } catch (error) {
      if (!isUnanswered(error)) throw error;
      commit.lost = true;
      if (!(await pauseBefore(commit.lastSend))) throw error;
      if (await bearsMark(ground, commit)) return;
    }
  }
}

interface Writing {
  readonly mark: string;
  readonly lastSend: number;
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
async function write(database: Db, change: Change, { mark, lastSend, session }: Writing): Promise<boolean> {
  const { op, record } = change;
  const collection = recordsIn(database, change);
  const expected = { _id: record.id, version: record.version };
  // The server gives up a write that waits for others before the caller does, however late it was sent.
  const maxTimeMS = Math.max(1, Math.floor(lastSend - performance.now()));
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
