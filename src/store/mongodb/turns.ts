import type { MongoClient } from 'mongodb';
import { unavailable } from '../unavailable.ts';

/**
 * Does the work when it is its turn, and throws what it throws.
 *
 * @param end work whose turn has not come by then is not done, in milliseconds of `performance.now()`
 * @throws {TenantryError} storage_unavailable, at the end
 */
export type InTurn = <T>(work: () => Promise<T>, end: number) => Promise<T>;

/** The turns of one line. Who floods a line makes that line wait, and others for one turn of it at a time. */
export type Turns = (line: string) => InTurn;

/** The line of what is about no one organization; those of organizations have their ids. */
export const masterLine = 'master';

/**
 * Lets so much work be done at once; the rest waits in its line. Lines with waiting work have their turns one after the
 * other, and within a line it is the order in which work came. As many as there are connections: who waited for one
 * within the driver would be sent after their caller was answered, and not in order where they ask again.
 */
export function createTurns(most: number): Turns {
  let working = 0;
  /** What lets each begin, in their order. A line without any is not here; the one whose turn is next comes first. */
  const lines = new Map<string, Set<() => void>>();

  function leave(line: string, begin: () => void): void {
    const waiting = lines.get(line);
    waiting?.delete(begin);
    if (waiting?.size === 0) lines.delete(line);
  }

  function waitForTurn(line: string, end: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          leave(line, begin);
          reject(unavailable(new Error('no connection was free in time')));
        },
        Math.max(0, end - performance.now()),
      );
      const begin = () => {
        clearTimeout(timer);
        resolve();
      };
      const waiting = lines.get(line) ?? new Set();
      lines.set(line, waiting.add(begin));
    });
  }

  function endTurn(): void {
    for (const [line, waiting] of lines) {
      for (const next of waiting) {
        lines.delete(line);
        waiting.delete(next);
        if (waiting.size > 0) lines.set(line, waiting);
        // The turn is handed on, so that no newcomer can step in between.
        next();
        return;
      }
    }
    working -= 1;
  }

  return (line) => async (work, end) => {
    if (working < most) working += 1;
    else await waitForTurn(line, end);
    try {
      return await work();
    } finally {
      endTurn();
    }
  };
}

/** Turns for as many as the client has connections; 0 is without end. */
export function turnsOf({ options }: MongoClient): Turns {
  return createTurns(options.maxPoolSize || Number.POSITIVE_INFINITY);
}
