import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Db } from 'mongodb';
import { hasCode, serverCodes } from './faults.ts';
import { ownCollection } from './layout.ts';

/** Who changes the layout now. `beat` changes while its holder lives. */
interface LockDocument {
  readonly _id: 'lock';
  readonly owner: string;
  readonly beat: number;
}

/** Times in milliseconds. */
export interface LockTimes {
  /** From one sign of life of the holder to the next. */
  readonly beat: number;
  /** How long no sign of life may come before another takes the lock, by the other's own clock. */
  readonly patience: number;
  /** From one look of who waits to the next. */
  readonly look: number;
}

/** How a lock is taken. */
export interface LockOptions {
  readonly times?: LockTimes;
  /** Called once where another has it. */
  readonly onWait?: () => void;
}

const usual: LockTimes = { beat: 1_000, patience: 10_000, look: 100 };

/**
 * Does the work while no other instance does it. A holder that died is waited for until its lock has stood still for the
 * patience: the clocks of two machines are never compared. What is done under it may be done twice all the same.
 */
export async function underLock<T>(
  database: Db,
  work: () => Promise<T>,
  { times = usual, onWait = () => {} }: LockOptions = {},
): Promise<T> {
  const locks = database.collection<LockDocument>(ownCollection);
  const owner = randomUUID();
  if (!(await insertLock(database, owner))) {
    onWait();
    await takeLock(database, owner, times);
  }
  const working = new AbortController();
  try {
    const [result] = await Promise.all([
      work().finally(() => working.abort()),
      beatUntil(working.signal, times.beat, () => locks.updateOne({ _id: 'lock', owner }, { $inc: { beat: 1 } })),
    ]);
    return result;
  } finally {
    await locks.deleteOne({ _id: 'lock', owner });
  }
}

/** A beat that fails ends the start, which is tried again as a whole. */
async function beatUntil(signal: AbortSignal, milliseconds: number, beat: () => Promise<unknown>): Promise<void> {
  for (;;) {
    await wait(milliseconds, signal);
    if (signal.aborted) return;
    await beat();
  }
}

async function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(milliseconds, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function takeLock(database: Db, owner: string, { look, patience }: LockTimes): Promise<void> {
  const locks = database.collection<LockDocument>(ownCollection);
  let seen: { readonly sign: string; readonly since: number } | undefined;
  while (!(await insertLock(database, owner))) {
    const standing = await locks.findOne({ _id: 'lock' });
    if (standing !== null) {
      const sign = `${standing.owner} ${standing.beat}`;
      if (seen?.sign !== sign) seen = { sign, since: performance.now() };
      if (performance.now() - seen.since >= patience) {
        const { matchedCount } = await locks.replaceOne(standing, { owner, beat: 0 });
        if (matchedCount === 1) return;
      }
    }
    await setTimeout(look);
  }
}

async function insertLock(database: Db, owner: string): Promise<boolean> {
  try {
    await database.collection<LockDocument>(ownCollection).insertOne({ _id: 'lock', owner, beat: 0 });
    return true;
  } catch (error) {
    if (hasCode(error, serverCodes.duplicateKey)) return false;
    throw error;
  }
}
