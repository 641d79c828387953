import type { DocumentChange, TenantPlace, Usage, Write, WriteOutcome } from '../documents.ts';
import { firstUnheld, idOf, sendChanges } from './change-documents.ts';
import { commitWork, demandServer, type Witness, type Writing } from './commit.ts';
import type { ClusterGround } from './documents-ground.ts';
import { isPassing, UnmatchedError } from './faults.ts';
import { type Keeping, keepAnswers, keptCollection, keptIdOf } from './kept-answers.ts';
import { type Location, locate } from './locate.ts';
import { addToSlot, nextSlotOf, slotsCollection, sumOf } from './slots.ts';
import { type Groupable, patienceMilliseconds } from './write-groups.ts';

/** Milliseconds that are left at the least to those who go alone because their group is given up. */
const leastLeftMilliseconds = 1_200;

/** A write, and how much it is. */
export interface Sized extends Groupable {
  readonly place: TenantPlace;
  readonly write: Write;
  /** What it adds to what is there. */
  readonly added: Usage;
}

/** What one transaction writes. */
interface Batch {
  readonly place: TenantPlace;
  readonly collection: string;
  readonly location: Location;
  readonly slot: string;
  readonly changes: readonly DocumentChange[];
  readonly keeping: readonly Keeping[];
  readonly added: Usage;
}

/**
 * Does a write in a transaction of its own.
 *
 * @throws {TenantryError} storage_unavailable
 */
export async function commitWrite(ground: ClusterGround, sized: Sized): Promise<WriteOutcome> {
  const { place, write } = sized;
  const batch = batchOf(ground, { place, writes: [sized], collection: write.collection });
  const apply = async (writing: Writing): Promise<WriteOutcome> => {
    const result = await applyBatch(ground, batch, writing);
    return result === 'unheld' ? await unheldOf(batch) : { result };
  };
  const witnesses = witnessesOf(ground, batch);
  return await commitWork(ground, { isSingle: false, apply, witnesses }, sized.end);
}

/**
 * Does several writes to one collection in one transaction, which touch nothing in common.
 *
 * @returns undefined where nothing was done: one of them does not hold, or was in the way of the others
 * @throws {TenantryError} storage_unavailable
 */
export async function commitTogether(
  ground: ClusterGround,
  writes: readonly Sized[],
  end: number,
): Promise<WriteOutcome | undefined> {
  const [first] = writes;
  if (first === undefined) return undefined;
  const batch = batchOf(ground, { place: first.place, writes, collection: first.write.collection });
  // What waits for another program's transaction is not to keep the others from being done.
  const giveUp = Math.min(performance.now() + patienceMilliseconds, end - leastLeftMilliseconds);
  const apply = async (writing: Writing) => {
    try {
      return { result: await applyBatch(ground, batch, { ...writing, lastSend: giveUp }) };
    } catch (error) {
      // As long as there is time it is tried again; then each finds out by itself, or does not meet with it at all.
      if (isPassing(error) && performance.now() < giveUp) throw error;
      return { result: 'failed' } as const;
    }
  };
  const witnesses = witnessesOf(ground, batch);
  const { result } = await commitWork(ground, { isSingle: false, apply, witnesses }, end);
  return result === 'done' ? { result } : undefined;
}

function batchOf(
  ground: ClusterGround,
  { place, writes, collection }: Pick<Batch, 'place' | 'collection'> & { readonly writes: readonly Sized[] },
): Batch {
  return {
    place,
    collection,
    location: locate(ground, place, collection),
    slot: nextSlotOf(place),
    changes: writes.flatMap(({ write: { changes } }) => changes),
    keeping: writes.flatMap(({ write: { keep, now = new Date() } }) =>
      keep === undefined ? [] : { ...keep, _id: keptIdOf(place, keep.id), now },
    ),
    added: sumOf(writes.map(({ added }) => added)),
  };
}

/** @returns `unheld` where a change does not hold */
async function applyBatch(
  ground: ClusterGround,
  { place, collection, location, slot, changes, keeping, added }: Batch,
  writing: Writing,
): Promise<'done' | 'kept' | 'unheld' | 'moved'> {
  demandServer(ground);
  if (!(await keepAnswers(ground, keeping, writing))) return 'kept';
  demandServer(ground);
  if (!(await sendChanges(location, changes, writing))) return 'unheld';
  demandServer(ground);
  // Last, so that others wait for it as short as may be.
  return (await addToSlot(ground, place, { slot, collection, added, writing })) ? 'done' : 'moved';
}

/** Which change did not hold. Read without the transaction, which a key that is taken has ended. */
async function unheldOf({ location, changes }: Batch): Promise<WriteOutcome> {
  const change = await firstUnheld(location, changes);
  if (change === undefined) throw new UnmatchedError(`all changes of ${location.name} hold`);
  return { result: changes[change]?.op === 'insert' ? 'exists' : 'conflict', change };
}

/** Where the mark stands once the batch was written: others may have written the slot since, and the documents. */
function witnessesOf(ground: ClusterGround, { location, slot, changes, keeping }: Batch): Witness[] {
  const { database, name, prefix } = location;
  const written = changes.filter(({ op }) => op !== 'remove').map((change) => prefix + idOf(change));
  const kept = keeping.map(({ _id }) => _id);
  return [
    { database, collection: slotsCollection, ids: [slot] },
    ...(kept.length > 0 ? [{ database: ground.database, collection: keptCollection, ids: kept }] : []),
    ...(written.length > 0 ? [{ database, collection: name, ids: written }] : []),
  ];
}
