import { TenantryError } from '../../errors.ts';

/** Does the work of one key after the other, in the order in which it came; that of two keys goes on beside each other. */
export type InQueue = <T>(key: string, work: () => Promise<T>, end: number) => Promise<T>;

/**
 * Queues within this process: what would meet in the database anyway, and be done again there, waits here instead.
 *
 * @returns throws busy where its turn comes after the end, in milliseconds of `performance.now()`, and nothing was done
 */
export function createQueues(): InQueue {
  const last = new Map<string, Promise<unknown>>();
  return async (key, work, end) => {
    const before = last.get(key);
    const mine = Promise.withResolvers<void>();
    last.set(key, mine.promise);
    try {
      await before;
      if (performance.now() >= end) throw busy();
      return await work();
    } finally {
      mine.resolve();
      if (last.get(key) === mine.promise) last.delete(key);
    }
  };
}

function busy(): TenantryError {
  return new TenantryError('busy', 'Others are changing the same organization; try again later', {
    retryAfterSeconds: 1,
  });
}
