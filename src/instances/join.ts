import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Log } from '../log.ts';
import { insert, type Records, remove, replace } from '../store/records.ts';
import type { Sessions } from '../store/sessions.ts';
import { beatMilliseconds, type Instance, instances, leaseMilliseconds } from './instance.ts';
import { keepWork } from './keep.ts';
import type { Work } from './lease.ts';
import { type Held, shortEnd } from './take.ts';
import { createWatch, removeAll } from './watch.ts';

/** This process among those that work on the same data. */
export interface Membership {
  /** Its id now: another after it was taken for dead, undefined as long as it could not be registered. */
  id(): string | undefined;
  /**
   * Does the work whenever its lease is this instance's, until the signal; resolves when it has ended and the lease is
   * given back. Work that ends or fails by itself is begun again.
   */
  keep(work: Work, run: (held: Held) => Promise<void>, signal: AbortSignal): Promise<void>;
  /** Ends the membership: what it still has a lease on is free at once. */
  leave(): Promise<void>;
}

/** With what a process joins. */
export interface JoinParts {
  readonly records: Records;
  /** What this process may have open when it dies, and what the dead have. */
  readonly sessions: Sessions;
  /** Whether other instances may work on the same data; else all that stand there are dead. */
  readonly isShared: boolean;
  readonly log: Log;
  /** Told whether this instance has the lease on some work now. */
  onLease(work: Work, isHeld: boolean): void;
  now(): Date;
  /** A clock that only goes forward, in milliseconds. */
  elapsed(): number;
  /** Resolves after so many milliseconds, or as soon as the signal is aborted. */
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/**
 * Registers this process as an instance, and shows from time to time that it lives, until it leaves. Where it cannot be
 * registered now it is later: a service whose database cannot be written has other things to do.
 */
export async function joinInstances(parts: JoinParts): Promise<Membership> {
  const { records, sessions, isShared, log, wait } = parts;
  const watch = createWatch({ ...parts, leaseMilliseconds, onStill: (instance) => endSessions([instance]) });
  const leaving = new AbortController();
  /** Told when this instance was taken for dead. */
  const losing = new Set<() => void>();
  let own: Instance | undefined;
  let isTroubled = false;
  /** What the dead left open is ended meanwhile: a deployment that does not answer must not keep this one from showing that it lives. */
  let ending = Promise.resolve();

  async function beat(): Promise<void> {
    if (!isShared && own !== undefined && own.sessions.length === sessions.ids().length) return;
    if (!isShared && own === undefined) endSessions(await removeAll(records));
    own = own === undefined ? await register(parts) : await goOn(own);
    if (!isShared) return;
    for (const { id, host, process: number } of await watch.look(own.id)) {
      log.warn({ instance: id, host, process: number }, 'an instance stands still: what it had a lease on is free');
    }
  }

  /** What the dead left open holds up others. One that has gone on in this very moment does again what was ended of it. */
  function endSessions(dead: readonly Instance[]): void {
    const end = async () => {
      try {
        await sessions.end(dead.flatMap((instance) => instance.sessions));
      } catch (error) {
        log.warn({ err: error }, 'what a dead instance left open could not be ended; the database does it in a minute');
      }
    };
    ending = Promise.all([ending, end()]).then(() => {});
  }

  async function goOn(before: Instance): Promise<Instance> {
    const next = await renewed(parts, before);
    if (next !== undefined) return next;
    log.warn({ instance: before.id }, 'others took this instance for dead: what it had a lease on may be theirs');
    own = undefined;
    for (const lose of losing) lose();
    return await register(parts);
  }

  async function tryBeat(): Promise<void> {
    try {
      await beat();
      isTroubled = false;
    } catch (error) {
      // Once, and not at every beat.
      if (!isTroubled) log.warn({ err: error }, 'this instance cannot show that it lives; it goes on trying');
      isTroubled = true;
    }
  }

  async function keepBeating(): Promise<void> {
    // One that has the data for itself has nobody to show that it lives; what it may have open in other deployments it names.
    while (isShared || own === undefined || sessions.ids().length > 0) {
      await wait(beatMilliseconds, leaving.signal);
      if (leaving.signal.aborted) return;
      await tryBeat();
    }
  }

  await tryBeat();
  const beating = keepBeating();
  const id = () => own?.id;
  return {
    id,
    keep: (work, run, signal) => keepWork({ ...parts, id, losing }, { work, run, signal }),
    async leave() {
      leaving.abort();
      await Promise.all([beating, ending]);
      try {
        if (own !== undefined) await records.commit([remove(instances, own)], shortEnd());
      } catch (error) {
        log.warn({ err: error }, 'this instance could not sign off; the others find out that it stands still');
      }
    },
  };
}

async function register({ records, sessions, now }: JoinParts): Promise<Instance> {
  const instance: Instance = {
    id: randomUUID(),
    version: 1,
    started_at: now().toISOString(),
    host: hostname(),
    process: process.pid,
    sessions: sessions.ids(),
  };
  // One whose answer is lost may stand there, and is removed as one that stands still.
  await records.commit([insert(instances, instance)]);
  return instance;
}

/** The instance with its next version; undefined where it is not registered any more. */
async function renewed({ records, sessions }: JoinParts, before: Instance): Promise<Instance | undefined> {
  const own = { ...before, sessions: sessions.ids() };
  const { result } = await records.commit([replace(instances, own)]);
  // Nobody else raises its version, so that one that is not as it should be was raised by a commit whose answer was lost.
  return result === 'done' ? { ...own, version: own.version + 1 } : await records.get(instances, own.id);
}
