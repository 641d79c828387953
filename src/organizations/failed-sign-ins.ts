import { setTimeout } from 'node:timers';
import { type Happening, recording } from '../events/event.ts';
import type { Origin } from '../events/origin.ts';
import type { User } from '../identity/user.ts';
import type { Log } from '../log.ts';
import type { Append, Records } from '../store/records.ts';
import { isLive, organizations } from './organization.ts';

/**
 * Failed log-ins to known accounts, on their way into the trails of their organizations. They are told after the answer,
 * by the second and not by the call, so that neither the time of an answer nor the load tells that an account is known.
 */
export interface FailedSignIns {
  /** Notes a failure; where too many are noted already, it is counted and not told. */
  note(user: Pick<User, 'id' | 'email'>, origin: Origin): void;
  /** Tells all that are noted; what cannot be told now is lost, and logged. */
  flush(): Promise<void>;
}

/** With what they are told. */
export interface FailedSignInsGround {
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
export function createFailedSignIns({ records, log, now }: FailedSignInsGround): FailedSignIns {
  let noted = new Map<string, Noted>();
  let lost = 0;
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> = Promise.resolve();

  async function tell(each: Noted): Promise<void> {
    const { user, origin, attempts } = each;
    const administered = await records.list(organizations, 'admin_user_id', { prefix: user.id, limit: 1_000 });
    const happening: Happening = {
      type: 'user.sign_in_failed',
      data: { user_id: user.id, attempts },
      personal: { email: user.email },
    };
    for (const { id } of administered.filter(isLive)) {
      const told: Append = recording(origin, id, happening, now());
      await records.commit([told]);
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
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    flushing = flushing.then(tellAll);
    return flushing;
  }

  return {
    note(user, origin) {
      const key = `${user.id} ${origin.address}`;
      const standing = noted.get(key);
      if (standing !== undefined) standing.attempts += 1;
      else if (noted.size < mostNoted) noted.set(key, { user, origin, attempts: 1 });
      else lost += 1;
      timer ??= setTimeout(() => void flush(), flushMilliseconds).unref();
    },
    flush,
  };
}
