import type { Broker, BrokerLink } from '../broker/broker.ts';
import { openLink } from '../broker/open-link.ts';
import { trails } from '../events/event.ts';
import type { Held } from '../instances/take.ts';
import type { Log } from '../log.ts';
import type { Records } from '../store/records.ts';
import type { Trail } from '../store/trail.ts';
import type { Tracer } from '../tracing.ts';
import { handOnTrails, type Left, mostOf } from './hand-on.ts';
import type { RelayPoint } from './relay-points.ts';

/** Told of what the relay does. */
export interface RelayWatch {
  /** The broker has confirmed an event. */
  onPublished(): void;
  /** It could not go on, and tries again. */
  onFailure(): void;
  /** How many organizations have events that wait, as far as they were counted, and since when at the most: RFC 3339. */
  onPending(organizations: number, since: string | undefined): void;
}

/** With what events are handed on. */
export interface RelayParts {
  readonly broker: Broker;
  /** The installation, a URI: what the broker is told that events come from. */
  readonly source: string;
  /** Whether other instances work on the same data. */
  readonly isShared: boolean;
  readonly log: Log;
  /** Where traces are collected. */
  readonly tracer: Tracer | undefined;
  readonly watch: RelayWatch;
  now(): Date;
  /** Resolves after so many milliseconds, or as soon as the signal is aborted. */
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** From 0 to below 1. */
  random(): number;
  /** Called at each fail-point; does nothing but in a test. */
  reach(point: RelayPoint): void;
}

/** A round of the relay. */
export interface RelayGround extends RelayParts, Held {
  readonly link: BrokerLink;
}

/** How long it rests where no event waits. */
const restMilliseconds = 200;

/** The pause after a failure: twice as long after each in which nothing was confirmed, up to the longest, give or take a half. */
const pauseMilliseconds = { first: 250, longest: 30_000 } as const;

/** Rounds in which nothing fails until a broker counts as being back: ten seconds, where nothing waits. */
const steadyRounds = 50;

/** How long a stop waits for what the broker has not confirmed. */
const graceMilliseconds = 1_000;

/** Organizations that are counted as waiting. */
const mostCounted = 1_000;

/**
 * Hands all events that wait to the broker, and those that come, until the signal: those of an organization one after the
 * other, each when the one before it was confirmed. A broker that does not take them is tried again, however long it takes;
 * meanwhile they wait in the database, and nothing in memory.
 */
export async function relay(parts: RelayParts, { records, signal }: Held): Promise<void> {
  const { broker, log, wait, random } = parts;
  let failures = 0;
  let inVain = 0;
  /** When it last had handed on all that there was. */
  let allSince = '';
  const watch: RelayWatch = {
    ...parts.watch,
    onPending(organizations, since) {
      // The mark of a trail that goes on all the time is an old one.
      parts.watch.onPending(organizations, since !== undefined && since < allSince ? allSince : since);
    },
    onPublished() {
      inVain = 0;
      parts.watch.onPublished();
    },
  };
  let rounds = 0;
  const onRound = (begun: string, isAll: boolean) => {
    if (isAll) allSince = begun;
    rounds += 1;
    if (failures === 0 || rounds < steadyRounds) return;
    log.info({ broker: broker.shown, failures }, 'events go to the broker again');
    [failures, inVain] = [0, 0];
  };
  while (!signal.aborted) {
    try {
      await countPending(records, watch);
      await relayOverLink({ ...parts, watch, records, signal, link: await openLink(broker, signal) }, onRound);
    } catch (error) {
      if (signal.aborted) break;
      failures += 1;
      inVain += 1;
      rounds = 0;
      watch.onFailure();
      // The first, the second, the fourth ...: a broker that is gone for a day has no line for each time that it was tried.
      if (Number.isInteger(Math.log2(failures))) {
        log.warn({ err: error, broker: broker.shown, failures }, 'events do not go to the broker; they wait');
      }
      await wait(pauseAfter(inVain, random()), signal);
    }
  }
  parts.watch.onPending(0, undefined);
}

/** The pause after so many failures in a row without a confirmation, in milliseconds. @param random from 0 to below 1 */
export function pauseAfter(inVain: number, random: number): number {
  const { first, longest } = pauseMilliseconds;
  return Math.min(longest, first * 2 ** (inVain - 1)) * (0.5 + random);
}

async function countPending(records: Records, watch: RelayWatch): Promise<void> {
  const waiting: Trail[] = await records.list(trails, 'pending_since', { limit: mostCounted });
  watch.onPending(waiting.length, waiting[0]?.pending_since);
}

async function relayOverLink(ground: RelayGround, onRound: (begun: string, isAll: boolean) => void): Promise<void> {
  const { signal, link, now, wait } = ground;
  const { broken } = link;
  const ending = AbortSignal.any([signal, broken]);
  const closeLater = () => void wait(graceMilliseconds, broken).then(() => link.close());
  signal.addEventListener('abort', closeLater, { once: true });
  try {
    while (!ending.aborted) {
      const begun = now().toISOString();
      const left = await relayAll(ground, ending);
      onRound(begun, left === 'nothing' && !ending.aborted);
      if (left !== 'more') await wait(restMilliseconds, ending);
    }
    if (!signal.aborted) broken.throwIfAborted();
  } finally {
    signal.removeEventListener('abort', closeLater);
    await link.close();
  }
}

/** Trails that are worked on at once, and so the most events that are sent and not confirmed. */
const trailsAtOnce = 128;

/**
 * Hands on some events of each trail that waits, those that have waited longest first.
 *
 * @returns what is left of any
 */
async function relayAll(ground: RelayGround, ending: AbortSignal): Promise<Left> {
  const { records, watch } = ground;
  let last: Trail | undefined;
  let left: Left = 'nothing';
  do {
    const after = last && { after: { key: last.pending_since ?? '', id: last.id } };
    const page: Trail[] = await records.list(trails, 'pending_since', { limit: trailsAtOnce, ...after });
    if (last === undefined) watch.onPending(page.length, page[0]?.pending_since);
    if (page.length > 0) left = mostOf(left, await handOnTrails(ground, page));
    last = page.length < trailsAtOnce ? undefined : page.at(-1);
  } while (last !== undefined && !ending.aborted);
  return left;
}
