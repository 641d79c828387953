import { createNeighbours } from '../neighbours.ts';
import { type Job, nobody, organizationOf } from './jobs.ts';

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
 * Jobs of one organization in a batch where others write too: a write of theirs waits for the batch under way and its own.
 * Were they fewer, it would be answered little sooner, since a batch itself takes as long as some jobs.
 */
const mostBeside = 4;

/** Chooses what is in which batch. */
export interface Batches {
  /**
   * Chooses which of those that wait are the next batch: one of each organization in turn, each organization's in their
   * order. So whoever waits is in the next batch, however much of others came before, unless it is large itself; of
   * organizations whose jobs are large one has its turn in a batch, first the one that waits longest.
   *
   * @param now in milliseconds of `performance.now()`
   */
  take<T extends Submitted>(waiting: readonly T[], now: number): { readonly batch: T[]; readonly left: T[] };
}

/** Batches of one writer. An organization that writes alone has as many jobs in them as there may be. */
export function createBatches(): Batches {
  const neighbours = createNeighbours();
  return {
    take(waiting, now) {
      const lines = Map.groupBy(waiting, ({ job }) => organizationOf(job));
      let isShared = false;
      for (const organization of lines.keys()) {
        if (organization !== nobody) isShared = neighbours.see(organization, now);
      }
      if (waiting.length === 1) return { batch: [...waiting], left: [] };
      const mostOf = (organization: string) => (isShared && organization !== nobody ? mostBeside : mostJobs);
      const turns = Array.from(lines, ([organization, line]) => line.slice(0, mostOf(organization)).values());
      const batch = new Set<(typeof waiting)[number]>();
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
    },
  };
}

function bytesOf({ job }: Submitted): number {
  return job.type === 'write' ? job.bytes : 0;
}
