import { setImmediate } from 'node:timers/promises';
import { commandEnd } from '../store/decide.ts';
import type { Records } from '../store/records.ts';
import { entryId, firstHash, hashOf, type Trail } from '../store/trail.ts';
import { type Event, events, isPersonalTrue, trails } from './event.ts';

/** How far a trail was walked, so that the next call can go on. */
export interface ChainPosition {
  readonly sequence: number;
  readonly hash: string;
}

/** What was found of a part of a trail. */
export interface Verified {
  /** How many events were looked at and are right. */
  readonly verified: number;
  /** Up to where it is right. */
  readonly last: ChainPosition;
  /** The first place that is not right. */
  readonly broken: Broken | undefined;
  /** Whether the whole of it was looked at, or as far as it is right. */
  readonly isDone: boolean;
}

/**
 * Where a trail is broken, and how. `missing`: an event of this number is not there. `changed`: it is not what it was
 * hashed from. `not_chained`: the one before it was another. `personal_changed`: what is about people is not what it was.
 * `end_changed`: the trail was cut and begun anew from there.
 */
export interface Broken {
  readonly sequence: number;
  readonly reason: 'missing' | 'changed' | 'not_chained' | 'personal_changed' | 'end_changed';
}

/** Before the first event. */
export const beginning: ChainPosition = { sequence: 0, hash: firstHash };

/** Events that are read at once: hashing them takes about two milliseconds. */
const pageSize = 100;

/** Events that one call looks at. */
const mostOfCall = 10_000;

/**
 * Walks an organization's trail: numbers without a gap, each event hashed from what it says and the one before it, what is
 * about people as its digest says, and the end as it was written down with the last event.
 *
 * @param after up to where it was found right before; `beginning` for all
 * @param end when no more of it is read, in milliseconds of `performance.now()`; some is read in any case
 * @throws {TenantryError} storage_unavailable
 */
export async function verifyEvents(
  records: Records,
  organization: string,
  after: ChainPosition,
  end = commandEnd(),
): Promise<Verified> {
  let last = after;
  const found = (rest: Pick<Verified, 'broken' | 'isDone'>): Verified => ({
    verified: last.sequence - after.sequence,
    last,
    ...rest,
  });
  do {
    const page: Event[] = await records.list(events, 'organization_id', {
      prefix: organization,
      limit: pageSize,
      after: { key: organization, id: entryId(organization, last.sequence) },
    });
    for (const event of page) {
      const broken = faultOf(event, last);
      if (broken !== undefined) return found({ broken, isDone: true });
      last = { sequence: event.sequence, hash: event.hash };
    }
    if (page.length === 0)
      return found({ broken: endFault(await records.get(trails, organization), last), isDone: true });
    // Between two pages others have their turn.
    await setImmediate();
  } while (last.sequence - after.sequence < mostOfCall && performance.now() < end);
  return found({ broken: undefined, isDone: false });
}

function faultOf(event: Event, { sequence, hash }: ChainPosition): Broken | undefined {
  const next = sequence + 1;
  if (event.sequence !== next) return { sequence: next, reason: 'missing' };
  if (event.previous_hash !== hash) return { sequence: next, reason: 'not_chained' };
  if (hashOf({ ...event }) !== event.hash) return { sequence: next, reason: 'changed' };
  return isPersonalTrue(event) ? undefined : { sequence: next, reason: 'personal_changed' };
}

/** Where one was appended after the page before was read, the end is beyond it, and so is what the next walk finds. */
function endFault(trail: Trail | undefined, { sequence, hash }: ChainPosition): Broken | undefined {
  const end = trail ?? beginning;
  if (end.sequence === sequence && end.hash === hash) return undefined;
  return end.sequence > sequence ? { sequence: sequence + 1, reason: 'missing' } : { sequence, reason: 'end_changed' };
}
