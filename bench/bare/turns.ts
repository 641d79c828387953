import { availableParallelism } from 'node:os';

/** Runs hashes, as many at once as there are cores and the others in their order: more at once would finish none earlier. */
export function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let free = availableParallelism();
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
