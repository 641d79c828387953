import { setTimeout } from 'node:timers';
import { TenantryError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Append, Records } from '../store/records.ts';
import { events, type Happening, keyOf, recording } from './event.ts';
import type { Origin } from './origin.ts';

/** An event of what is done already, or has failed, and changes no record. */
export interface LateEvent {
  readonly by: Origin;
  readonly organization: string;
  readonly happening: Happening;
  readonly at: Date;
}

/**
 * Writes events that hold up nobody where they cannot be written at once: on MongoDB a process that was killed between its
 * last write and its commit holds a trail until others find it dead.
 */
export interface LateEvents {
  /** Writes it within two seconds, else later. */
  tellSoon(event: LateEvent): Promise<void>;
  /** Writes it later. Where too many wait, or it waits for too long, it is lost, and logged. */
  tell(event: LateEvent): void;
  /** Tries to write all that wait. */
  flush(): Promise<void>;
  /** Tries it for the last time; what cannot be written is lost, and logged. */
  stop(): Promise<void>;
}

/** With what they are written. */
export interface LateEventsGround {
  readonly records: Records;
  readonly log: Log;
}

/** How long it is tried to write an event: of a commit's time an engine may keep a second for its answer. */
const tryMilliseconds = 2_000;

/** Between two tries. */
const pauseMilliseconds = 1_000;

/** From when one waits until it is given up: a server keeps the transaction of who was killed for a minute at most. */
const mostMilliseconds = 300_000;

/** Events that wait at once. */
const mostWaiting = 1_000;

/** How far it is looked back for an event whose writing was not answered. */
const lastOnes = 100;

interface Waiting {
  readonly event: LateEvent;
  /** The same at each try: by its salt it is known again. */
  readonly change: Append;
  readonly since: number;
  /** Whether it may have been written already. */
  inDoubt: boolean;
}

/** Events that are written as soon as it can be. */
export function createLateEvents({ records, log }: LateEventsGround): LateEvents {
  let waiting: readonly Waiting[] = [];
  let lost = 0;
  let timer: NodeJS.Timeout | undefined;
  let trying: Promise<void> = Promise.resolve();

  function add(each: Waiting): void {
    if (waiting.length < mostWaiting) waiting = [...waiting, each];
    else lost += 1;
    timer ??= tryLater();
  }

  function tryLater(): NodeJS.Timeout {
    return setTimeout(() => void flush(), pauseMilliseconds).unref();
  }

  /** @returns whether it was written */
  async function tryOne(each: Waiting): Promise<boolean> {
    const { organization, happening } = each.event;
    try {
      if (each.inDoubt && (await isWritten(records, each))) return true;
      each.inDoubt = true;
      await records.commit([each.change], performance.now() + tryMilliseconds);
      return true;
    } catch (error) {
      if (!(error instanceof TenantryError)) throw error;
      log.info({ err: error, organization, type: happening.type }, 'an event could not be written yet');
      return false;
    }
  }

  /** Those of one organization: behind one that cannot be written the others would wait in vain. */
  async function tryInOrder(own: readonly Waiting[]): Promise<readonly Waiting[]> {
    for (const [place, each] of own.entries()) {
      if (!(await tryOne(each))) return own.slice(place);
    }
    return [];
  }

  async function tryAll(): Promise<void> {
    const tried = new Set(waiting);
    const own = Map.groupBy(tried, ({ event }) => event.organization).values();
    const unwritten = (await Promise.all([...own].map(tryInOrder))).flat();
    const since = performance.now() - mostMilliseconds;
    const kept = unwritten.filter((each) => each.since > since);
    lost += unwritten.length - kept.length;
    waiting = [...kept, ...waiting.filter((each) => !tried.has(each))];
    tellLost();
  }

  function tellLost(): void {
    if (lost > 0) log.warn({ count: lost }, 'events of log-ins are missing: they could not be written in time');
    lost = 0;
  }

  function flush(): Promise<void> {
    trying = trying.then(tryAll).then(() => {
      clearTimeout(timer);
      timer = waiting.length === 0 ? undefined : tryLater();
    });
    return trying;
  }

  return {
    async tellSoon(event) {
      const each = toWrite(event);
      const isBehind = waiting.some((other) => other.event.organization === event.organization);
      if (isBehind || !(await tryOne(each))) add(each);
    },
    tell: (event) => add(toWrite(event)),
    flush,
    async stop() {
      await flush();
      clearTimeout(timer);
      lost += waiting.length;
      waiting = [];
      tellLost();
    },
  };
}

function toWrite(event: LateEvent): Waiting {
  const { by, organization, happening, at } = event;
  return { event, change: recording(by, organization, happening, at), since: performance.now(), inDoubt: false };
}

/** Whether it was written though nobody was told so. A request's id may be the caller's, who may give it to another too. */
async function isWritten(records: Records, { event, change: { entry } }: Waiting): Promise<boolean> {
  const { by, organization, happening, at } = event;
  const range = { prefix: keyOf(organization, happening.type), direction: 'descending', limit: lastOnes } as const;
  const last = await records.list(events, 'type_key', range);
  return last.some(
    ({ request_id, personal_salt, time }) =>
      request_id === by.request_id && personal_salt === entry.personal_salt && time >= at.toISOString(),
  );
}
