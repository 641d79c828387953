import { TenantryError } from '../errors.ts';
import { inTime } from './in-time.ts';

/**
 * Does work when all that came before it in its queue is done, and throws what it throws.
 *
 * @param end of the wait, in milliseconds of `performance.now()`
 * @throws {TenantryError} busy: its turn did not come by then, and nothing was done
 */
export type InQueue = <T>(work: () => Promise<T>, end: number) => Promise<T>;

/** The queue of this key. Those of two keys go on beside each other. */
export type Queues = (key: string) => InQueue;

/** Queues within this process: what would meet in the database, and be done again there, waits here instead. */
export function createQueues(): Queues {
  const last = new Map<string, Promise<void>>();
  return (key) => async (work, end) => {
    const before = last.get(key) ?? Promise.resolve();
    const own = Promise.withResolvers<void>();
    const mine = before.then(() => own.promise);
    last.set(key, mine);
    try {
      await inTime(before, end, busy);
      return await work();
    } finally {
      own.resolve();
      if (last.get(key) === mine) last.delete(key);
    }
  };
}

/** What is told of an organization that others changed all the time. */
export function busy(): TenantryError {
  return new TenantryError('busy', 'Others are changing the same organization; try again later', {
    retryAfterSeconds: 1,
  });
}
