import { type Job, organizationOf } from './jobs.ts';

/** A job that was handed to a writer. */
export interface Submitted {
  readonly file: string;
  readonly job: Job;
  /** When its caller stops waiting, in milliseconds of `performance.now()`. */
  readonly end: number;
}

/** Jobs of one batch, and bytes of documents in them beyond its first: bounds on how long one transaction takes. */
const mostJobs = 1_000;
const mostBytes = 2 ** 20;

/**
 * Chooses which of those that wait are the next batch: one of each organization in turn, each organization's in their
 * order. So whoever waits is in the next batch, however much of others came before, unless it is large itself; of
 * organizations whose jobs are large one has its turn in a batch, first the one that waits longest.
 */
export function takeBatch<T extends Submitted>(waiting: readonly T[]): { readonly batch: T[]; readonly left: T[] } {
  const lines = Map.groupBy(waiting, ({ job }) => organizationOf(job));
  if (lines.size === 1 && waiting.length === 1) return { batch: [...waiting], left: [] };
  const turns = [...lines.values()].map((line) => line[Symbol.iterator]());
  const batch = new Set<T>();
  let bytes = 0;
  while (turns.length > 0 && batch.size < mostJobs) {
    const turn = turns.shift();
    const { value: next, done } = turn?.next() ?? { value: undefined, done: true };
    if (turn === undefined || done || next === undefined) continue;
    if (batch.size > 0 && bytes + bytesOf(next) > mostBytes) continue;
    if (batch.size > 0) bytes += bytesOf(next);
    batch.add(next);
    turns.push(turn);
  }
  return { batch: [...batch], left: waiting.filter((each) => !batch.has(each)) };
}

function bytesOf({ job }: Submitted): number {
  return job.type === 'write' ? job.bytes : 0;
}
