import { inTime } from '../in-time.ts';
import { unavailable } from '../unavailable.ts';
import type { InTurn } from './turns.ts';

/** What one group has at most; a write that is larger goes alone. Bytes are those of the documents that are sent. */
export const groupLimits = { changes: 500, bytes: 4 * 1_024 * 1_024 } as const;

/**
 * Milliseconds until the next group of a line begins though the last one is not done: it may wait for another program.
 * Else there is one at a time: of two each would be half as large, and they meet in what they write (measured: two reach two
 * thirds of the rate of one).
 */
export const patienceMilliseconds = 1_000;

/**
 * Milliseconds before its end from which on a write goes alone: a group ends with the first of its members, and the last
 * second of each is kept for what was sent and not answered.
 */
const nearEndMilliseconds = 1_500;

/** A write, as far as it matters to those with which it goes. */
export interface Groupable {
  /** When its caller stops waiting, in milliseconds of `performance.now()`. */
  readonly end: number;
  /** What it writes to: no two of a group have one in common. */
  readonly touched: readonly string[];
  readonly changes: number;
  readonly bytes: number;
}

/** How what has gathered is committed. */
export interface Committing<W, O> {
  /** By which a group with this write has its turn: the same for all of a line. */
  inTurnOf(write: W): InTurn;
  /**
   * Does them all in one transaction, or nothing.
   *
   * @returns undefined where nothing was done, and each is to be tried alone
   */
  together(writes: readonly W[], end: number): Promise<O | undefined>;
  /** Waits for its turn by itself. */
  alone(write: W): Promise<O>;
}

/** A write that is not begun yet, and whom to tell of it. */
interface Waiting<W, O> {
  readonly write: W;
  readonly told: PromiseWithResolvers<O>;
}

/** The writes that may go together. */
interface Line<W, O> {
  readonly waiting: Set<Waiting<W, O>>;
  /** Whether a group is in work, or waits for its turn. */
  isBusy: boolean;
}

/**
 * Commits writes, those together that came while one of their line was in work. A group is a way of being faster and nothing
 * else: where it is not done for all, each of it is done alone, with the outcome of its own.
 *
 * @returns commits a write, which may go with those of the same line
 */
export function createGroups<W extends Groupable, O>(
  committing: Committing<W, O>,
): (line: string, write: W) => Promise<O> {
  const lines = new Map<string, Line<W, O>>();

  function serve(name: string, line: Line<W, O>): void {
    if (line.isBusy) return;
    if (line.waiting.size === 0) {
      lines.delete(name);
      return;
    }
    line.isBusy = true;
    let isOver = false;
    const endTurn = () => {
      if (isOver) return;
      isOver = true;
      line.isBusy = false;
      serve(name, line);
    };
    void commitNext(committing, line.waiting, endTurn).then(endTurn);
  }

  return async (name, write) => {
    const { end } = write;
    if (write.changes > groupLimits.changes || write.bytes > groupLimits.bytes) {
      return await committing.alone(write);
    }
    const line = lines.get(name) ?? { waiting: new Set(), isBusy: false };
    lines.set(name, line);
    const told = Promise.withResolvers<O>();
    line.waiting.add({ write, told });
    serve(name, line);
    // It stays in its line, and is refused when it is taken from there.
    return await inTime(told.promise, end, () => unavailable(new Error('the turn did not come in time')));
  };
}

/** Takes out those that go together: the first, and what came after it and touches nothing of theirs. */
function takeGroup<W extends Groupable, O>(waiting: Set<Waiting<W, O>>): Waiting<W, O>[] {
  const group: Waiting<W, O>[] = [];
  const touched = new Set<string>();
  let [changes, bytes] = [0, 0];
  for (const next of waiting) {
    const { write } = next;
    if (write.touched.some((id) => touched.has(id))) continue;
    [changes, bytes] = [changes + write.changes, bytes + write.bytes];
    if (changes > groupLimits.changes || bytes > groupLimits.bytes) break;
    for (const id of write.touched) touched.add(id);
    group.push(next);
    waiting.delete(next);
  }
  return group;
}

/** Commits those whose turn is next, and tells each. Calls `onDelay` where that takes long. Never rejects. */
async function commitNext<W extends Groupable, O>(
  committing: Committing<W, O>,
  waiting: Set<Waiting<W, O>>,
  onDelay: () => void,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const take = () => {
    timer = setTimeout(onDelay, patienceMilliseconds);
    return takeGroup(waiting);
  };
  try {
    const [first] = waiting;
    if (first === undefined || waiting.size === 1) {
      await goAlone(committing, take());
      return;
    }
    const latest = Math.max(...[...waiting].map(({ write }) => write.end));
    // Taken when it is its turn, so that those go along who came while it was waited for.
    const turn = committing.inTurnOf(first.write)(() => commitGroup(committing, take()), latest);
    const left = await turn.catch(() => dropEnded(waiting, latest));
    await goAlone(committing, left);
  } finally {
    clearTimeout(timer);
  }
}

/** Takes those out whose turn did not come in time: each was told so at its end. @returns none */
function dropEnded<W extends Groupable, O>(waiting: Set<Waiting<W, O>>, latest: number): Waiting<W, O>[] {
  for (const ended of waiting) if (ended.write.end <= latest) waiting.delete(ended);
  return [];
}

/**
 * Commits what was taken, whose turn it is, and tells each. Never rejects.
 *
 * @returns the one that is to go alone, because it is the only one
 */
async function commitGroup<W extends Groupable, O>(
  committing: Committing<W, O>,
  group: readonly Waiting<W, O>[],
): Promise<readonly Waiting<W, O>[]> {
  if (group.length <= 1) return group;
  const soon = performance.now() + nearEndMilliseconds;
  // None of those who go alone is waited for: they have turns of their own.
  void goAlone(
    committing,
    group.filter(({ write }) => write.end < soon),
  );
  const patient = group.filter(({ write }) => write.end >= soon);
  if (patient.length === 0) return [];
  const writes = patient.map(({ write }) => write);
  try {
    const outcome = await committing.together(writes, Math.min(...writes.map(({ end }) => end)));
    if (outcome === undefined) void goAlone(committing, patient);
    else for (const { told } of patient) told.resolve(outcome);
  } catch (error) {
    for (const { told } of patient) told.reject(error);
  }
  return [];
}

/** Commits each by itself, and tells it. Never rejects. */
async function goAlone<W extends Groupable, O>(
  { alone }: Committing<W, O>,
  waiting: readonly Waiting<W, O>[],
): Promise<void> {
  await Promise.all(waiting.map(({ write, told }) => alone(write).then(told.resolve, told.reject)));
}
