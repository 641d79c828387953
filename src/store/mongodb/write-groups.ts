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
  /** By which what this write is about has its turns: the same for all of a line. */
  inTurnOf(write: W): InTurn;
  /**
   * Does them all in one transaction, or nothing.
   *
   * @returns undefined where nothing was done, and each is to be tried alone
   */
  together(writes: readonly W[], end: number): Promise<O | undefined>;
  alone(write: W): Promise<O>;
}

/** A write that is not begun yet, and whom to tell of it. */
interface Waiting<W, O> {
  readonly write: W;
  readonly told: PromiseWithResolvers<O>;
}

/** The writes that may go together. */
interface Line<W, O> {
  readonly inTurn: InTurn;
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
    const { inTurn } = line;
    const latest = Math.max(...[...line.waiting].map(({ write }) => write.end));
    inTurn(async () => {
      // Taken now, so that those go along who came while it was waited for.
      const group = takeGroup(line.waiting);
      const timer = setTimeout(endTurn, patienceMilliseconds);
      await commitGroup(committing, inTurn, group).finally(() => clearTimeout(timer));
    }, latest).then(endTurn, () => {
      // The turn did not come in time. Whose end it was has been told so.
      for (const waiting of line.waiting) if (waiting.write.end <= latest) line.waiting.delete(waiting);
      endTurn();
    });
  }

  return async (name, write) => {
    const { end } = write;
    if (write.changes > groupLimits.changes || write.bytes > groupLimits.bytes) {
      return await committing.inTurnOf(write)(() => committing.alone(write), end);
    }
    const line = lines.get(name) ?? { inTurn: committing.inTurnOf(write), waiting: new Set(), isBusy: false };
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

/** Commits what was taken, whose turn it is, and tells each. Never rejects. */
async function commitGroup<W extends Groupable, O>(
  { together, alone }: Committing<W, O>,
  inTurn: InTurn,
  group: readonly Waiting<W, O>[],
): Promise<void> {
  const [first, ...others] = group;
  if (first !== undefined && others.length === 0) {
    await alone(first.write).then(first.told.resolve, first.told.reject);
    return;
  }
  // In turns of their own, which are not waited for while this one is taken.
  const goApart = (apart: readonly Waiting<W, O>[]) => {
    for (const { write, told } of apart) inTurn(() => alone(write), write.end).then(told.resolve, told.reject);
  };
  const soon = performance.now() + nearEndMilliseconds;
  goApart(group.filter(({ write }) => write.end < soon));
  const patient = group.filter(({ write }) => write.end >= soon);
  if (patient.length === 0) return;
  try {
    const writes = patient.map(({ write }) => write);
    const outcome = await together(writes, Math.min(...writes.map(({ end }) => end)));
    if (outcome === undefined) goApart(patient);
    else for (const { told } of patient) told.resolve(outcome);
  } catch (error) {
    for (const { told } of patient) told.reject(error);
  }
}
