import { trails } from '../events/event.ts';
import { type RelayPosition, relayPositions } from '../events/relay-position.ts';
import { insert, type RecordChange, type Records, replace } from '../store/records.ts';
import type { Trail } from '../store/trail.ts';

/** How far a trail was handed on. */
export interface Progress {
  /** The organization's id. */
  readonly trail: string;
  /** What was stored of it before. */
  readonly position: RelayPosition | undefined;
  /** Of the last event that the broker has confirmed, and all before it. */
  readonly sequence: number;
}

/**
 * Stores how far trails were handed on. One that was handed on to its end waits no longer, unless it has gone on since.
 *
 * @param records those of the lease
 * @param atOnce trails that one commit is about
 * @throws {TenantryError} storage_unavailable, busy @throws {LeaseLostError}
 */
export async function settleProgress(records: Records, progress: readonly Progress[], atOnce: number): Promise<void> {
  for (let from = 0; from < progress.length; from += atOnce) {
    await settleSome(records, progress.slice(from, from + atOnce));
  }
}

async function settleSome(records: Records, progress: readonly Progress[]): Promise<void> {
  const ids = progress.map(({ trail }) => trail);
  // Where one is gone, retention has removed it with its position.
  const ends = new Map((await records.getMany(trails, ids)).map((trail) => [trail.id, trail]));
  const gone = new Set<string>();
  const goneOn = new Set<string>();
  for (;;) {
    const changes = progress
      .filter(({ trail }) => ends.has(trail) && !gone.has(trail))
      .map((each) => changeOf(each, goneOn.has(each.trail) ? undefined : ends.get(each.trail)));
    const outcome = await records.commit(changes);
    // A position that is there already is of a commit whose answer was lost: the next round reads it.
    if (outcome.result !== 'conflict') return;
    (outcome.kind === trails.name ? goneOn : gone).add(outcome.id);
  }
}

/** @param end of the trail, where nothing was written behind it since it was read */
function changeOf({ trail, position, sequence }: Progress, end: Trail | undefined): RecordChange {
  if (end !== undefined && sequence >= end.sequence) {
    const { pending_since: _, ...members } = end;
    return replace(trails, { ...members, relayed: end.sequence });
  }
  if (position !== undefined) return replace(relayPositions, { ...position, sequence });
  return insert(relayPositions, { id: trail, version: 1, sequence });
}
