import { soon } from './soon.ts';

/** A clock that stands still until a test lets time pass. */
export interface TestClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves when so much time has passed on this clock, or the signal is aborted. */
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Lets time pass, and ends the waits whose time is over. */
  pass(milliseconds: number): void;
  /** How many wait. */
  readonly waiting: number;
  /** Resolves as soon as so many wait. */
  whenWaiting(count?: number): Promise<void>;
}

interface Waiter {
  readonly end: number;
  readonly resolve: () => void;
}

/** Makes a clock that begins at a time that a leap, a year and a zone would show in. */
export function testClock(start = '2029-12-31T23:59:30.250Z'): TestClock {
  let time = Date.parse(start);
  const waiters = new Set<Waiter>();
  let watchers: { readonly count: number; readonly resolve: () => void }[] = [];

  function tellWatchers(): void {
    const told = watchers.filter(({ count }) => waiters.size >= count);
    watchers = watchers.filter(({ count }) => waiters.size < count);
    for (const { resolve } of told) resolve();
  }

  return {
    now: () => time,
    async wait(milliseconds, signal) {
      if (signal?.aborted === true) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const end = () => resolve();
      const waiter = { end: time + milliseconds, resolve };
      waiters.add(waiter);
      signal?.addEventListener('abort', end, { once: true });
      tellWatchers();
      await promise;
      signal?.removeEventListener('abort', end);
      waiters.delete(waiter);
    },
    pass(milliseconds) {
      time += milliseconds;
      for (const waiter of waiters) {
        if (waiter.end > time) continue;
        waiters.delete(waiter);
        waiter.resolve();
      }
    },
    get waiting() {
      return waiters.size;
    },
    whenWaiting(count = 1) {
      const { promise, resolve } = Promise.withResolvers<void>();
      watchers.push({ count, resolve });
      tellWatchers();
      return soon(promise, `${count} to wait on the clock`);
    },
  };
}
