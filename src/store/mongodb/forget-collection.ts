import type { TenantPlace } from '../documents.ts';
import { unavailable } from '../unavailable.ts';
import { callEnd } from './attempts.ts';
import { commitWork, demandServer, optionsOf, type Writing } from './commit.ts';
import { type DocumentsGround, repeatedly } from './documents-ground.ts';
import { databaseFor } from './locate.ts';
import {
  findSlots,
  increments,
  refuseStanding,
  type Slot,
  slotCount,
  slotIdsOf,
  slotsCollection,
  slotsIn,
} from './slots.ts';

/** Of the moves of one call: it needs fewer than there are slots, and others that do the same may come before each. */
const mostMoves = 4 * slotCount;

/**
 * Takes the tallies of a collection that has no documents any more out of the slots. Each slot tells what was added there,
 * so that single ones may count more and others less than nothing: they are added up in one, two slots at a time, and
 * only what is nothing goes. So no step changes the sum, whenever it arrives and whoever writes to the same slots. A rest,
 * of documents that other programs wrote, is left to the next recount.
 *
 * @throws {TenantryError} storage_unavailable; also where the collection is written to, as the next one of that name is to which
 *   this comes too late
 */
export async function forgetCollection(ground: DocumentsGround, place: TenantPlace, collection: string): Promise<void> {
  for (let moves = 0; ; moves += 1) {
    const slots = await repeatedly(ground, () => findSlots(ground, place));
    const [into, from] = slots.filter((slot) => countsOf(slot, collection) !== undefined);
    if (into === undefined || from === undefined) break;
    if (moves === mostMoves) throw unavailable(new Error(`${collection} is written to while its slots forget it`));
    await moveTally(ground, place, { collection, into, from });
  }
  const slots = slotsIn(databaseFor(ground, place));
  const own = { _id: { $in: slotIdsOf(place) }, ...counting(collection, { documents: 0, bytes: 0 }) };
  await repeatedly(ground, () => slots.updateMany(own, { $unset: { [`tallies.${collection}`]: '' } }));
}

/** What a slot counts of a collection; undefined where that is nothing. */
function countsOf({ tallies }: Slot, collection: string): Slot['tallies'][string] | undefined {
  const tally = tallies[collection];
  return tally && (tally.documents !== 0 || tally.bytes !== 0) ? tally : undefined;
}

function counting(collection: string, { documents, bytes }: Slot['tallies'][string]): Record<string, number> {
  return { [`tallies.${collection}.documents`]: documents, [`tallies.${collection}.bytes`]: bytes };
}

interface Move {
  readonly collection: string;
  readonly into: Slot;
  readonly from: Slot;
}

/** Adds the tally of one slot to that of another, where both stand as they were read; else all is read again. */
async function moveTally(ground: DocumentsGround, place: TenantPlace, { collection, into, from }: Move): Promise<void> {
  const database = databaseFor(ground, place);
  const slots = slotsIn(database);
  const tally = from.tallies[collection];
  if (tally === undefined) return;
  const apply = async (writing: Writing) => {
    const { mark: _commit } = writing;
    const target = { _id: into._id, [`tallies.${collection}`]: { $exists: true } };
    const source = { _id: from._id, ...counting(collection, tally) };
    for (const [expected, update] of [
      [source, { $unset: { [`tallies.${collection}`]: '' as const }, $set: { _commit } }],
      [target, { $inc: increments(collection, tally), $set: { _commit } }],
    ] as const) {
      demandServer(ground);
      const { matchedCount } = await slots.updateOne(expected, update, optionsOf(writing));
      if (matchedCount === 1) continue;
      await refuseStanding(slots, expected);
      return { result: 'moved' } as const;
    }
    return { result: 'done' } as const;
  };
  const witnesses = [{ database, collection: slotsCollection, ids: [into._id, from._id] }];
  const end = callEnd();
  await ground.inTurn(() => commitWork(ground, { isSingle: false, apply, witnesses }, end), end);
}
