import { TenantryError } from '../errors.ts';

/**
 * All hashing: a bound on how much is in work, and on how long the rest waits. The lines of those who ask take turns, so that
 * who floods waits for himself; within a line the first in is the first out.
 */
export interface HashQueue {
  /**
   * Does the work when its turn has come.
   *
   * @param line who asks for it
   * @throws {TenantryError} busy: the wait would be too long, also where others came whose lines are shorter; stopping: it
   *   had not begun when the queue was stopped
   */
  run<T>(line: string, work: () => Promise<T>): Promise<T>;
  readonly waiting: number;
  readonly working: number;
  /** How many were refused since the start because the wait would have been too long. */
  readonly refused: number;
  /** Refuses what has not begun and whatever comes after; resolves when what had begun is finished. */
  stop(): Promise<void>;
}

/** What `createHashQueue` is handed. */
export interface HashQueueOptions {
  /** How many are in work at once, at least 1. */
  readonly workers: number;
  /** The longest wait that is expected of anyone. */
  readonly waitSeconds: number;
  /** How long one hash takes, until the queue has measured it. */
  readonly hashSeconds: number;
  /** A clock that never goes back, in milliseconds. */
  readonly clock: () => number;
}

/** How much one measured time moves the mean: the last 16 or so count. */
const weight = 1 / 16;

/** How many times as long as the mean so far one hash may count. */
const mostOfMean = 4;

/**
 * How many hashes may be in work at once: as many as there are cores, but never all threads of libuv's pool, so that
 * signing and file work always find one. A pool of one thread is the exception, since somebody has to hash.
 */
export function hashingWorkers(cores: number, poolThreads: number): number {
  return Math.max(1, Math.min(cores, poolThreads - 1));
}

/** Makes a queue in which nothing waits yet. */
export function createHashQueue({ workers, waitSeconds, hashSeconds, clock }: HashQueueOptions): HashQueue {
  /** Who waits in each line; the lines in the order of their turns, none of them empty. */
  const lines = new Map<string, PromiseWithResolvers<void>[]>();
  let waiting = 0;
  let working = 0;
  let refused = 0;
  let meanSeconds = hashSeconds;
  let drained: PromiseWithResolvers<void> | undefined;

  async function takeTurn(line: string): Promise<void> {
    if (drained !== undefined) throw stopping();
    if (working < workers) {
      working += 1;
      return;
    }
    const expectedSeconds = (waiting / workers) * meanSeconds;
    if (expectedSeconds > waitSeconds) makeRoom(line, busy(expectedSeconds));
    const turn = Promise.withResolvers<void>();
    const own = lines.get(line);
    if (own === undefined) lines.set(line, [turn]);
    else own.push(turn);
    waiting += 1;
    await turn.promise;
  }

  /** Refuses the last of the longest line, or the newcomer where that is hardly longer than his own. */
  function makeRoom(line: string, error: TenantryError): void {
    refused += 1;
    let longest: PromiseWithResolvers<void>[] = [];
    for (const each of lines.values()) if (each.length > longest.length) longest = each;
    if (longest.length <= (lines.get(line)?.length ?? 0) + 1) throw error;
    waiting -= 1;
    longest.pop()?.reject(error);
  }

  function takeNext(): PromiseWithResolvers<void> | undefined {
    const [first] = lines;
    if (first === undefined) return undefined;
    const [line, turns] = first;
    const next = turns.shift();
    waiting -= 1;
    lines.delete(line);
    if (turns.length > 0) lines.set(line, turns);
    return next;
  }

  function endTurn(): void {
    const next = takeNext();
    // The turn is handed on rather than given back, so that no newcomer can step in between.
    if (next !== undefined) next.resolve();
    else working -= 1;
    if (working === 0) drained?.resolve();
  }

  return {
    async run(line, work) {
      await takeTurn(line);
      const begun = clock();
      try {
        return await work();
      } finally {
        // Bounded, so that a moment in which the event loop stood still is not taken for slow hashes.
        const seconds = Math.min((clock() - begun) / 1_000, meanSeconds * mostOfMean);
        meanSeconds += (seconds - meanSeconds) * weight;
        endTurn();
      }
    },
    get waiting() {
      return waiting;
    },
    get working() {
      return working;
    },
    get refused() {
      return refused;
    },
    stop() {
      if (drained === undefined) {
        drained = Promise.withResolvers<void>();
        for (const turn of [...lines.values()].flat()) turn.reject(stopping());
        lines.clear();
        waiting = 0;
        if (working === 0) drained.resolve();
      }
      return drained.promise;
    },
  };
}

/** Those who are refused come back when the line as it stands now is worked off, not all at once in a second. */
function busy(expectedSeconds: number): TenantryError {
  return new TenantryError('busy', 'Too many passwords are being checked; try again later', {
    retryAfterSeconds: Math.max(1, Math.ceil(expectedSeconds)),
  });
}

function stopping(): TenantryError {
  return new TenantryError('stopping', 'The service is stopping; try again', { retryAfterSeconds: 1 });
}
