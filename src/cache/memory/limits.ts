import { LRUCache } from 'lru-cache';
import type { Limit, Limits, Standing } from '../limits.ts';

/** What `memoryLimits` is handed. */
export interface MemoryLimitsOptions {
  /** Milliseconds of a clock that never goes back (`performance.now`). */
  readonly now: () => number;
  /**
   * How many keys are remembered for each limit. Each has room of its own, so that a flood of keys at one limit makes no
   * other forget what it counted.
   */
  readonly mostKeys?: number;
}

/** What was counted for a key, until its window ends. */
interface Window {
  count: number;
  /** Milliseconds on the clock. */
  readonly end: number;
}

const MOST_KEYS = 100_000;

/** Limits within this process: exact, and gone with it. */
export function memoryLimits({ now, mostKeys = MOST_KEYS }: MemoryLimitsOptions): Limits {
  const windows = new Map<string, LRUCache<string, Window>>();

  /** How a key stands after counting `counted` more, where that is allowed. */
  function stand(limit: Limit, key: string, counted: 0 | 1): Standing {
    let ofLimit = windows.get(limit.name);
    if (ofLimit === undefined) {
      // Not by `max`: it makes all the room at once, which takes 10 ms of the first request.
      ofLimit = new LRUCache({ maxSize: mostKeys, sizeCalculation: () => 1 });
      windows.set(limit.name, ofLimit);
    }
    // Whole milliseconds: a difference of fractions may come out a hair longer than the window, and a second too much told.
    const time = Math.floor(now());
    const window = ofLimit.get(key);
    const isOpen = window !== undefined && time < window.end;
    const count = isOpen ? window.count : 0;
    const end = isOpen ? window.end : time + limit.seconds * 1_000;
    const allowed = count < limit.most;
    const after = allowed ? count + counted : count;
    if (after !== count) {
      if (isOpen) window.count = after;
      else ofLimit.set(key, { count: after, end });
    }
    return { allowed, remaining: limit.most - after, resetSeconds: Math.ceil((end - time) / 1_000) };
  }

  return {
    take: (limit, key) => Promise.resolve(stand(limit, key, 1)),
    look: (limit, key) => Promise.resolve(stand(limit, key, 0)),
  };
}
