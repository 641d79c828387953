import { beatMilliseconds, instances, leaseMilliseconds } from '../src/instances/instance.ts';
import { joinInstances, type Membership } from '../src/instances/join.ts';
import { leases } from '../src/instances/lease.ts';
import type { Held } from '../src/instances/take.ts';
import type { Log } from '../src/log.ts';
import type { Records } from '../src/store/records.ts';
import type { Sessions } from '../src/store/sessions.ts';
import { type TestClock, testClock } from './clock.ts';
import type { Engine } from './contract/engine.ts';
import { type Ground, openGround } from './contract/ground.ts';
import { notes } from './contract/kinds.ts';
import { soon } from './soon.ts';

/** A process with clocks of its own: what passes on one clock does not on the other's. */
export interface Member {
  readonly membership: Membership;
  readonly clock: TestClock;
  readonly logged: string[];
  /** Whose sessions it has ended. */
  readonly ended: string[];
  /** Does the work until the end of the test, and tells of each time that it has its lease. */
  keep(): { next(): Promise<Held>; end(): Promise<void> };
}

/** How it joins; all may be left out. */
export interface Joining {
  readonly isShared?: boolean;
  /** The sessions that it has. */
  readonly sessions?: () => readonly string[];
  /** What comes of ending those of others. */
  readonly end?: (ids: readonly string[]) => Promise<void>;
}

/** Joins as a process would, with clocks of the test's own. */
export async function join(
  records: Records,
  { isShared = true, sessions: ids = () => [], end = async () => {} }: Joining = {},
): Promise<Member> {
  const clock = testClock();
  const logged: string[] = [];
  const add = (_: object, message: string) => void logged.push(message);
  const log: Log = { info: add, warn: add, error: add, audit: add };
  const ended: string[] = [];
  const sessions: Sessions = {
    ids,
    async end(others) {
      ended.push(...others);
      await end(others);
    },
  };
  const membership = await joinInstances({
    records,
    sessions,
    isShared,
    log,
    onLease() {},
    // Years apart, which nobody looks at.
    now: () => new Date(clock.now() * (1 + Math.random())),
    elapsed: clock.now,
    wait: clock.wait,
  });
  return {
    membership,
    clock,
    logged,
    ended,
    keep() {
      const ending = new AbortController();
      const waiting: ((held: Held) => void)[] = [];
      const had: Held[] = [];
      const run = async (held: Held) => {
        const tell = waiting.shift();
        if (tell === undefined) had.push(held);
        else tell(held);
        await new Promise((resolve) => held.signal.addEventListener('abort', resolve));
      };
      const kept = membership.keep('rounds', run, ending.signal);
      return {
        next() {
          const held = had.shift();
          if (held !== undefined) return Promise.resolve(held);
          return soon(new Promise<Held>((resolve) => waiting.push(resolve)), 'the lease');
        },
        async end() {
          ending.abort();
          await kept;
        },
      };
    },
  };
}

/** Lets so many beats pass, each with what is done in it. */
export async function beats({ clock }: Member, count: number, waits = 2): Promise<void> {
  for (let beat = 0; beat < count; beat += 1) {
    await clock.whenWaiting(waits);
    clock.pass(beatMilliseconds);
    await clock.whenWaiting(waits);
  }
}

/** Lets beats pass until it comes. */
export async function within<T>({ clock }: Member, coming: Promise<T>): Promise<T> {
  let isThere = false;
  const there = coming.finally(() => {
    isThere = true;
  });
  while (!isThere) {
    await Promise.race([clock.whenWaiting(1), there]);
    clock.pass(beatMilliseconds);
    await new Promise(setImmediate);
  }
  return await there;
}

/** Beats after which one that stands still is dead. */
export const deadBeats = leaseMilliseconds / beatMilliseconds;

/** A store for instances, leases and what work under a lease writes. */
export async function openInstances(engine: Engine): Promise<Ground> {
  return await openGround(engine, { kinds: [instances, leases, notes] });
}
