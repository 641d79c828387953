import { randomUUID } from 'node:crypto';
import type { ClientSession, Db, MongoClient, ObjectId } from 'mongodb';
import type { CommitPoint } from '../commit-points.ts';
import { unavailable } from '../unavailable.ts';
import { pauseBefore, persistently, untilEnd } from './attempts.ts';
import { checkoutMilliseconds } from './client.ts';
import { isPassing, isUnanswered, NoServerError, tellable, tellableUndone, UnansweredError } from './faults.ts';
import type { ClientSessions } from './sessions.ts';

/** With what commits are made. */
export interface CommitGround {
  readonly client: MongoClient;
  /** What transactions are made in. */
  readonly sessions: ClientSessions;
  /** The master database. */
  readonly database: Db;
  /** Whether a server is known now that takes writes. */
  readonly takesWrites: () => boolean;
  /** Called at each step of a commit by a transaction; does nothing but in a test. */
  readonly reach: (point: CommitPoint) => void;
}

/** What every outcome tells; where it is not `done`, nothing was changed. */
interface Told {
  readonly result: string;
}

interface Done {
  readonly result: 'done';
}

const done: Done = { result: 'done' };

/** What is to be committed, whole or not at all. */
export interface Work<O extends Told> {
  /** Whether one atomic operation does it all; a transaction does it otherwise. */
  readonly isSingle: boolean;
  /**
   * Sends what is to be written, once in each attempt. What it has written by an outcome that is not `done`, or before it
   * threw, is taken back.
   */
  apply(writing: Writing): Promise<O>;
  /** Where the mark stands once the work was done; of documents that others wrote since, another may still bear it. */
  readonly witnesses: readonly Witness[];
}

/** Documents that bear a commit's mark in `_commit`. */
export interface Witness {
  readonly database: Db;
  readonly collection: string;
  readonly ids: readonly (string | ObjectId)[];
}

/** How an attempt writes. */
export interface Writing {
  /** Names the commit on each document that it writes. */
  readonly mark: string;
  /** Nothing is begun from here on: it may wait for a connection before it is sent. */
  readonly lastSend: number;
  /** The transaction's, where there is one. */
  readonly session?: ClientSession;
}

/** One commit over all its attempts. */
interface Commit<O extends Told> extends Writing {
  readonly work: Work<O>;
  readonly end: number;
  /** Whether something was sent that may have decided it, and was not answered. */
  lost: boolean;
}

/**
 * Commits. What fails in a way that passes is done again until the call's time is over. The driver's own repetition
 * (`withTransaction`) would go on for two minutes, and does not know of an attempt whose answer was lost: that one may have
 * happened, so that a later attempt which is refused looks for this commit's mark before it tells anything.
 *
 * @param end when the caller stops waiting, in milliseconds of `performance.now()`
 * @throws {TenantryError} busy: others were in its way until then, and nothing was changed; storage_unavailable: it
 *   failed, or nobody can say what became of it
 */
export async function commitWork<O extends Told>(ground: CommitGround, work: Work<O>, end: number): Promise<O | Done> {
  const lastSend = end - checkoutMilliseconds;
  const commit: Commit<O> = { work, mark: randomUUID(), end, lastSend, lost: false };
  if (performance.now() >= lastSend) throw unavailable(new Error('too little time is left for the commit'));
  for (;;) {
    try {
      const outcome = await untilEnd(() => attempt(ground, commit), commit.end);
      if (!commit.lost || outcome.result === 'done') return outcome;
      if (await bearsMark(commit)) return done;
      throw unavailable(new UnansweredError());
    } catch (error) {
      // By a transaction nothing is decided until `decideTogether`, which tells by itself.
      commit.lost ||= work.isSingle && isUnanswered(error);
      if (!isPassing(error) || !(await pauseBefore(lastSend))) {
        throw commit.lost ? tellable(error) : tellableUndone(error);
      }
    }
  }
}

/** The options of what an attempt writes: the server gives up what waits for others before the caller does, however late it was sent. */
export function optionsOf({ lastSend, session }: Writing): {
  readonly maxTimeMS: number;
  readonly session?: ClientSession;
} {
  const maxTimeMS = Math.max(1, Math.floor(lastSend - performance.now()));
  return session === undefined ? { maxTimeMS } : { maxTimeMS, session };
}

/** Throws where no server is known that takes writes: what is begun then would wait within the driver. @throws {NoServerError} */
export function demandServer({ takesWrites }: CommitGround): void {
  if (!takesWrites()) throw new NoServerError();
}

async function attempt<O extends Told>(ground: CommitGround, commit: Commit<O>): Promise<O | Done> {
  await awaitServer(ground, commit);
  return await (commit.work.isSingle ? commit.work.apply(commit) : applyTogether(ground, commit));
}

/**
 * Waits, where no server is known that takes writes: a write would wait within the driver, and be sent after its caller
 * was answered. What is asked in its place changes nothing, and makes the driver look for the server.
 */
async function awaitServer({ database, takesWrites }: CommitGround, { lastSend }: Writing): Promise<void> {
  while (!takesWrites()) await persistently(() => database.command({ ping: 1 }), lastSend);
}

async function applyTogether<O extends Told>(ground: CommitGround, commit: Commit<O>): Promise<O | Done> {
  return await ground.sessions.use((session) => applyIn(session, ground, commit));
}

async function applyIn<O extends Told>(
  session: ClientSession,
  ground: CommitGround,
  commit: Commit<O>,
): Promise<O | Done> {
  const { reach } = ground;
  session.startTransaction({
    readConcern: { level: 'snapshot' },
    writeConcern: { w: 'majority', journal: true, wtimeoutMS: 5_000 },
    readPreference: 'primary',
  });
  reach('commit.begun');
  const { mark, lastSend } = commit;
  const outcome = await commit.work.apply({ mark, lastSend, session });
  if (outcome.result !== 'done') {
    await session.abortTransaction();
    return outcome;
  }
  reach('commit.written');
  await decideTogether(ground, commit, session);
  reach('commit.decided');
  return outcome;
}

/**
 * Commits the transaction. Where the answer is lost the commit is repeated and not the transaction: one whose commit did
 * not reach the server stays open there, up to a minute, and would be in the way of its own repetition.
 */
async function decideTogether<O extends Told>(
  ground: CommitGround,
  commit: Commit<O>,
  session: ClientSession,
): Promise<void> {
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
      if (await bearsMark(commit)) return;
    }
  }
}

/**
 * Whether an earlier attempt of the commit happened: its mark is on a document that it wrote. A linearizable read, because
 * the answer was lost together with the knowledge of a majority. Of what was removed nothing tells who did it.
 */
async function bearsMark<O extends Told>({ work, mark, end }: Commit<O>): Promise<boolean> {
  for (const { database, collection, ids } of work.witnesses) {
    const documents = database.collection<{ _id: string | ObjectId; _commit: string }>(collection);
    const found = await persistently(
      () =>
        documents.findOne(
          { _id: { $in: ids }, _commit: mark },
          { projection: { _id: 1 }, readConcern: { level: 'linearizable' } },
        ),
      end,
    );
    if (found !== null) return true;
  }
  return false;
}
