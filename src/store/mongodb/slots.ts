import type { Collection, Db, Filter, FindOptions } from 'mongodb';
import type { TenantPlace, Usage } from '../documents.ts';
import { optionsOf, type Writing } from './commit.ts';
import { type ClusterGround, type DocumentsGround, repeatedly } from './documents-ground.ts';
import { UnmatchedError } from './faults.ts';
import { databaseFor } from './locate.ts';

/** Where the slots are, in the database of the documents that they count. */
export const slotsCollection = 'tenantry_slots';

/** One of an organization's slots: a write adds to any of them, so that not all wait for one. */
export interface Slot {
  /** The organization's id, `/` and the slot's number. */
  readonly _id: string;
  readonly epoch: number;
  /** What was added here and removed, by collection; the sum over all slots is what is there. */
  readonly tallies: Readonly<Record<string, Usage>>;
  readonly _commit?: string;
}

/** How many slots an organization has. */
export const slotCount = 16;

/** The epoch of slots that are being removed: no write has it. */
export const closedEpoch = Number.MAX_SAFE_INTEGER;

/** The ids of an organization's slots. */
export function slotIdsOf({ organization }: TenantPlace): string[] {
  return Array.from({ length: slotCount }, (_, number) => `${organization}/${number}`);
}

let turn = Math.floor(Math.random() * slotCount);

/** The slot for a write: those that run at once in a process meet in none, and those of others by chance. */
export function nextSlotOf({ organization }: TenantPlace): string {
  turn = (turn + 1) % slotCount;
  return `${organization}/${turn}`;
}

/** The slots of a database. */
export function slotsIn(database: Db): Collection<Slot> {
  return database.collection<Slot>(slotsCollection);
}

/** The slots of an organization that stand, all as of one moment. */
export async function findSlots(
  ground: DocumentsGround,
  place: TenantPlace,
  options: FindOptions = { readConcern: { level: 'snapshot' } },
): Promise<Slot[]> {
  const filter = { _id: { $in: slotIdsOf(place) } };
  return await slotsIn(databaseFor(ground, place)).find(filter, options).toArray();
}

/**
 * Raises the slots of an organization that are behind this epoch; whoever writes by an older one meets a slot that has it,
 * or is waited for.
 *
 * @throws {TenantryError} storage_unavailable
 */
export async function raiseSlots(ground: DocumentsGround, place: TenantPlace, epoch: number): Promise<void> {
  const slots = slotsIn(databaseFor(ground, place));
  const raise = async (_id: string) => {
    const behind = { _id, epoch: { $lt: epoch } };
    const { matchedCount } = await slots.updateOne(behind, { $set: { epoch } });
    if (matchedCount === 0) await refuseStanding(slots, behind);
  };
  await Promise.all(slotIdsOf(place).map((_id) => repeatedly(ground, () => raise(_id))));
}

/**
 * Throws where a slot stands that a write has just not matched: the write ran beside another.
 *
 * @throws {UnmatchedError}
 */
export async function refuseStanding(slots: Collection<Slot>, expected: Filter<Slot>): Promise<void> {
  const standing = await slots.findOne(expected, { projection: { _id: 1 } });
  if (standing !== null) throw new UnmatchedError(`the slot ${standing._id} stands as it was expected`);
}

/** What slots count: in all, or of one collection. */
export function usageIn(slots: readonly Slot[], collection?: string): Usage {
  const tallies = slots.flatMap((slot) => Object.entries(slot.tallies));
  return sumOf(tallies.filter(([name]) => collection === undefined || name === collection).map(([, tally]) => tally));
}

/** The collections that slots tell of. */
export function collectionsIn(slots: readonly Slot[]): string[] {
  return [...new Set(slots.flatMap(({ tallies }) => Object.keys(tallies)))];
}

/** The sum of what each has. */
export function sumOf(usages: readonly Usage[]): Usage {
  return {
    documents: usages.reduce((sum, { documents }) => sum + documents, 0),
    bytes: usages.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** What is to be counted in a slot. */
export interface Addition {
  readonly slot: string;
  readonly collection: string;
  readonly added: Usage;
}

/** Counts in a slot what the transaction adds. @returns false where the slot has another epoch than the place, or is gone */
export async function addToSlot(
  ground: ClusterGround,
  place: TenantPlace,
  { slot, collection, added, writing }: Addition & { readonly writing: Writing },
): Promise<boolean> {
  const slots = slotsIn(databaseFor(ground, place));
  const expected = { _id: slot, epoch: place.epoch };
  const update = { $inc: increments(collection, added), $set: { _commit: writing.mark } };
  if ((await slots.updateOne(expected, update, optionsOf(writing))).matchedCount === 1) return true;
  await refuseStanding(slots, expected);
  return false;
}

/** By how much which member of a slot's is to be raised. */
export function increments(collection: string, { documents, bytes }: Usage): Record<string, number> {
  return { [`tallies.${collection}.documents`]: documents, [`tallies.${collection}.bytes`]: bytes };
}
