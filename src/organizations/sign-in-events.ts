import { setTimeout } from 'node:timers';
import type { Happening } from '../events/event.ts';
import { createLateEvents } from '../events/late.ts';
import type { Origin } from '../events/origin.ts';
import type { User } from '../identity/user.ts';
import type { Log } from '../log.ts';
import type { Records } from '../store/records.ts';
import { isLive, organizations } from './organization.ts';

/** Log-ins on their way into the trails of their organizations. What cannot be written in time is lost, and logged. */
export interface SignInEvents {
  /** Tells of one that is about to be answered: it waits two seconds for its event at most, which else is written later. */
  signedIn(organization: string, by: Origin): Promise<void>;
  /**
   * Notes a failure to a known account; where too many are noted already, it is counted and not told. It is told after the
   * answer, by the second and not by the call, so that neither the time of an answer nor the load tells that an account is
   * known.
   */
  failed(user: Pick<User, 'id' | 'email'>, origin: Origin): void;
  /** Writes all that can be written now. */
  flush(): Promise<void>;
  /** Writes them for the last time. */
  stop(): Promise<void>;
}

/** With what they are told. */
export interface SignInEventsGround {
  readonly records: Records;
  readonly log: Log;
  now(): Date;
}

/** Accounts and addresses that are noted at once. */
const mostNoted = 1_000;

/** From the first that is noted until they are told. */
const flushMilliseconds = 1_000;

interface Noted {
  readonly user: Pick<User, 'id' | 'email'>;
  /** Of the first. */
  readonly origin: Origin;
  attempts: number;
}

/** Failures of one account from one address within a second are one event. */
export function createSignInEvents({ records, log, now }: SignInEventsGround): SignInEvents {
  const lateEvents = createLateEvents({ records, log });
  let noted = new Map<string, Noted>();
  let lost = 0;
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> = Promise.resolve();

  async function tell({ user, origin, attempts }: Noted): Promise<void> {
    const administered = await records.list(organizations, 'admin_user_id', { prefix: user.id, limit: 1_000 });
    const happening: Happening = {
      type: 'user.sign_in_failed',
      data: { user_id: user.id, attempts },
      personal: { email: user.email },
    };
    for (const { id } of administered.filter(isLive)) {
      lateEvents.tell({ by: origin, organization: id, happening, at: now() });
    }
  }

  async function tellAll(): Promise<void> {
    const [all, dropped] = [noted, lost];
    noted = new Map();
    lost = 0;
    let failed = 0;
    for (const each of all.values()) {
      await tell(each).catch((error: unknown) => {
        failed += 1;
        if (failed === 1) log.warn({ err: error }, 'a failed log-in could not be written into the events');
      });
    }
    if (dropped + failed > 0) log.warn({ count: dropped + failed }, 'failed log-ins are missing in the events');
    await lateEvents.flush();
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    flushing = flushing.then(tellAll);
    return flushing;
  }

  return {
    signedIn: (organization, by) =>
      lateEvents.tellSoon({ by, organization, happening: { type: 'user.signed_in' }, at: now() }),
    failed(user, origin) {
      const key = `${user.id} ${origin.address}`;
      const standing = noted.get(key);
      if (standing !== undefined) standing.attempts += 1;
      else if (noted.size < mostNoted) noted.set(key, { user, origin, attempts: 1 });
      else lost += 1;
      timer ??= setTimeout(() => void flush(), flushMilliseconds).unref();
    },
    flush,
    async stop() {
      await flush();
      await lateEvents.stop();
    },
  };
}
