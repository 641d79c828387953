import { LRUCache } from 'lru-cache';
import type { Claim, Limit, Stance, Standing } from './limits.ts';

/** What was counted for a key, until its window ends. */
export interface Window {
  count: number;
  /** Milliseconds on the clock. */
  end: number;
  /** How many of them were counted here alone, and are to be told to those who count together. */
  untold: number;
}

/** What `createWindows` is handed. */
export interface WindowsOptions {
  /** Milliseconds of a clock that never goes back (`performance.now`). */
  readonly now: () => number;
  /**
   * How many keys are remembered for each limit. Each has room of its own, so that a flood of keys at one limit makes no
   * other forget what it counted.
   */
  readonly mostKeys?: number;
}

/** Windows of counts within this process, bounded in number: gone with it. */
export interface Windows {
  /**
   * Counts one against each limit where it is within all of them, or looks how they stand.
   *
   * @param counting whether it counts; what it counts is noted as `untold` too
   */
  stand(claims: readonly Claim[], counting: boolean): Standing[];
  /** The first of the claims that is past its limit. */
  refusal(claims: readonly Claim[]): Stance | undefined;
  /** The window of a claim that is open. */
  open(claim: Claim): Window | undefined;
  /** Puts what is known of a claim in the place of what was counted here. @param milliseconds until its window ends */
  learn(claim: Claim, count: number, milliseconds: number): void;
}

const MOST_KEYS = 100_000;

/** Makes windows; none is open. */
export function createWindows({ now, mostKeys = MOST_KEYS }: WindowsOptions): Windows {
  const kept = new Map<string, LRUCache<string, Window>>();
  // Whole milliseconds: a difference of fractions may come out a hair longer than the window, and a second too much told.
  const clock = () => Math.floor(now());

  function windowsOf({ name }: Limit): LRUCache<string, Window> {
    let ofLimit = kept.get(name);
    if (ofLimit === undefined) {
      // Not by `max`: it makes all the room at once, which takes 10 ms of the first request.
      ofLimit = new LRUCache({ maxSize: mostKeys, sizeCalculation: () => 1 });
      kept.set(name, ofLimit);
    }
    return ofLimit;
  }

  function openAt({ limit, key }: Claim, time: number): Window | undefined {
    const window = windowsOf(limit).get(key);
    if (window === undefined || window.end <= time) return undefined;
    // Begun under a limit of more seconds.
    const latest = time + limit.seconds * 1_000;
    if (window.end > latest) window.end = latest;
    return window;
  }

  return {
    stand(claims, counting) {
      const time = clock();
      const windows: (Window | undefined)[] = [];
      let counts = counting;
      for (const claim of claims) {
        const window = openAt(claim, time);
        windows.push(window);
        counts &&= (window?.count ?? 0) < claim.limit.most;
      }
      const standings: Standing[] = [];
      for (const { limit, key } of claims) {
        const window = windows[standings.length];
        const before = window?.count ?? 0;
        const end = window?.end ?? time + limit.seconds * 1_000;
        if (counts && window !== undefined) {
          window.count += 1;
          window.untold += 1;
        } else if (counts) windowsOf(limit).set(key, { count: 1, end, untold: 1 });
        standings.push(standingOf(limit, { before, after: counts ? before + 1 : before, milliseconds: end - time }));
      }
      return standings;
    },
    refusal(claims) {
      const time = clock();
      for (const claim of claims) {
        const { limit } = claim;
        const window = openAt(claim, time);
        const count = window?.count ?? 0;
        if (count < limit.most) continue;
        const milliseconds = window === undefined ? limit.seconds * 1_000 : window.end - time;
        return { limit, standing: standingOf(limit, { before: count, after: count, milliseconds }) };
      }
      return undefined;
    },
    open: (claim) => openAt(claim, clock()),
    learn(claim, count, milliseconds) {
      const time = clock();
      const untold = openAt(claim, time)?.untold ?? 0;
      windowsOf(claim.limit).set(claim.key, { count: count + untold, end: time + milliseconds, untold });
    },
  };
}

/** How often something was counted, and how long it counts. */
export interface Counted {
  /** Without the one that is being told of. */
  readonly before: number;
  readonly after: number;
  /** Until the window ends. */
  readonly milliseconds: number;
}

/** How a key stands that was counted so often. */
export function standingOf({ most }: Limit, { before, after, milliseconds }: Counted): Standing {
  return {
    allowed: before < most,
    remaining: Math.max(0, most - after),
    resetSeconds: Math.max(1, Math.ceil(milliseconds / 1_000)),
  };
}
