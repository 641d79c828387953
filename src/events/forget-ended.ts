import { setImmediate } from 'node:timers/promises';
import { type Change, type Records, remove } from '../store/records.ts';
import { isOver, type Trail } from '../store/trail.ts';
import { type Event, events, trails } from './event.ts';
import { relayPositions } from './relay-position.ts';

const pageSize = 100;

/** With what it is looked and removed. */
interface Ground {
  readonly records: Records;
  now(): Date;
}

/**
 * Removes the trails of deleted organizations whose time is over, until the signal. Several instances may do it at once:
 * the end of a trail goes last, by who finds no event of it any more.
 */
export async function forgetEnded({ records, now }: Ground, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const page: Trail[] = await records.list(trails, 'expires_at', { limit: pageSize });
    const ended = page.filter((trail) => isOver(trail, now()));
    for (const trail of ended) {
      await forget(records, trail, signal);
      if (signal.aborted) return;
    }
    if (ended.length < pageSize) return;
  }
}

async function forget(records: Records, trail: Trail, signal: AbortSignal): Promise<void> {
  const prefix = trail.id;
  while (!signal.aborted) {
    const page: Event[] = await records.list(events, 'organization_id', { prefix, limit: pageSize });
    // A conflict: another has removed some of them, or the relay goes on with them.
    await records.commit(page.length === 0 ? await endOf(records, trail) : page.map((event) => remove(events, event)));
    if (page.length === 0) return;
    // Reading them must not hold up the calls of others.
    await setImmediate();
  }
}

/** What is left of a trail without events. */
async function endOf(records: Records, trail: Trail): Promise<readonly Change[]> {
  const position = await records.get(relayPositions, trail.id);
  return [remove(trails, trail), ...(position === undefined ? [] : [remove(relayPositions, position)])];
}
