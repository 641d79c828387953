import type { MongoClient } from 'mongodb';
import { unavailable } from '../unavailable.ts';

/**
 * Does the work when it is its turn, and throws what it throws.
 *
 * @param end work whose turn has not come by then is not done, in milliseconds of `performance.now()`
 * @throws {TenantryError} storage_unavailable, at the end
 */
export type InTurn = <T>(work: () => Promise<T>, end: number) => Promise<T>;

/**
 * Lets so many work at once, the others in the order in which they came. As many as there are connections: who waited for one
 * within the driver would be sent after their caller was answered, and not in order where they ask again.
 */
export function createTurns(most: number): InTurn {
  let working = 0;
  /** What lets each begin, in their order. */
  const waiting = new Set<() => void>();

  function waitForTurn(end: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          waiting.delete(begin);
          reject(unavailable(new Error('no connection was free in time')));
        },
        Math.max(0, end - performance.now()),
      );
      const begin = () => {
        clearTimeout(timer);
        resolve();
      };
      waiting.add(begin);
    });
  }

  function endTurn(): void {
    const [next] = waiting;
    if (next === undefined) {
      working -= 1;
      return;
    }
    // The turn is handed on, so that no newcomer can step in between.
    waiting.delete(next);
    next();
  }

  return async (work, end) => {
    if (working < most) working += 1;
    else await waitForTurn(end);
    try {
      return await work();
    } finally {
      endTurn();
    }
  };
}

/** Turns for as many as the client has connections; 0 is without end. */
export function turnsOf({ options }: MongoClient): InTurn {
  return createTurns(options.maxPoolSize || Number.POSITIVE_INFINITY);
}
