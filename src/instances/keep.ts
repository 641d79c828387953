import type { Log } from '../log.ts';
import type { Records } from '../store/records.ts';
import { beatMilliseconds } from './instance.ts';
import type { Lease, Work } from './lease.ts';
import { giveBack, type Held, takeLease, underLease } from './take.ts';

/** With what work is kept. */
export interface KeepGround {
  readonly records: Records;
  readonly log: Log;
  /** The id of this instance now, if it is registered. */
  id(): string | undefined;
  /** Who is told when others took this instance for dead. */
  readonly losing: Set<() => void>;
  /** Told whether this instance has the lease on some work now. */
  onLease(work: Work, isHeld: boolean): void;
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Work under a lease. */
export interface Kept {
  readonly work: Work;
  /** Does it until the signal that it is given. */
  run(held: Held): Promise<void>;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Does the work whenever its lease can be had, until the signal. */
export async function keepWork(ground: KeepGround, kept: Kept): Promise<void> {
  const { log, wait, onLease } = ground;
  const { work, signal } = kept;
  let isTroubled = false;
  // Before it can be had: where no instance has it, that is told too.
  onLease(work, false);
  while (!signal.aborted) {
    try {
      const id = ground.id();
      const lease = id === undefined ? undefined : await takeLease(ground.records, work, id);
      isTroubled = false;
      if (lease !== undefined) await hold(ground, kept, lease);
    } catch (error) {
      if (!isTroubled) log.warn({ err: error, work }, 'the lease on this work could not be looked at; trying again');
      isTroubled = true;
    }
    await wait(beatMilliseconds, signal);
  }
}

async function hold(ground: KeepGround, { work, run, signal }: Kept, lease: Lease): Promise<void> {
  const { records, log, losing, onLease } = ground;
  const ending = new AbortController();
  const lose = () => ending.abort();
  losing.add(lose);
  onLease(work, true);
  log.info({ work }, 'this instance has the lease on this work now');
  try {
    await run({
      records: underLease(records, lease, lose),
      signal: AbortSignal.any([signal, ending.signal]),
    });
  } catch (error) {
    if (!ending.signal.aborted) log.warn({ err: error, work }, 'work under a lease failed; it is begun again');
  } finally {
    losing.delete(lose);
    onLease(work, false);
  }
  if (ending.signal.aborted) log.warn({ work }, 'the lease on this work is lost: another instance does it');
  else await giveBack(records, lease);
}
