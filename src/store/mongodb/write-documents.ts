import {
  bytesOf,
  type DocumentChange,
  type Quota,
  type TenantPlace,
  type Usage,
  type Write,
  type WriteOutcome,
} from '../documents.ts';
import { firstUnheld, idOf, sendChanges } from './change-documents.ts';
import { commitWork, demandServer, type Witness, type Writing } from './commit.ts';
import { type DocumentsGround, repeatedly } from './documents-ground.ts';
import { UnmatchedError } from './faults.ts';
import { findKept, keepAnswer, keptCollection, keptIdOf } from './kept-answers.ts';
import { refuseKeeping } from './kept-rooms.ts';
import { type Location, locate } from './locate.ts';
import { type Addition, addToSlot, findSlots, nextSlotOf, slotCount, slotsCollection, usageIn } from './slots.ts';

/**
 * Does all changes in one transaction with their count and the answer that is kept, or nothing.
 *
 * @param end when the caller stops waiting, in milliseconds of `performance.now()`
 * @throws {TenantryError} storage_unavailable
 */
export async function writeDocuments(
  ground: DocumentsGround,
  place: TenantPlace,
  write: Write,
  end: number,
): Promise<WriteOutcome> {
  const { quota, keep } = write;
  const unkept = await refuseKeeping(ground, place, write, end);
  if (unkept !== undefined) return unkept;
  const added = additionOf(write);
  const read = () => usageAt(ground, place, end);
  const admission = await ground.gate.admit(place.organization, { added, quota, read });
  if (admission === undefined) return { result: 'moved' };
  if (admission.passed !== undefined) return await refusalOf(ground, place, { keep, end, ...admission });
  try {
    return await commitWrite(ground, place, { write, added, end });
  } finally {
    admission.release();
  }
}

interface Admitted {
  readonly write: Write;
  readonly added: Usage;
  readonly end: number;
}

async function commitWrite(
  ground: DocumentsGround,
  place: TenantPlace,
  { write, added, end }: Admitted,
): Promise<WriteOutcome> {
  const { collection } = write;
  const location = locate(ground, place, collection);
  const addition = { slot: nextSlotOf(place), collection, added };
  const apply = (writing: Writing) => applyWrite(ground, place, { location, write, addition, writing });
  const witnesses = witnessesOf(ground, place, { location, addition, write });
  return await ground.inTurn(() => commitWork(ground, { isSingle: false, apply, witnesses }, end), end);
}

interface Applied {
  readonly location: Location;
  readonly write: Write;
  readonly addition: Addition;
  readonly writing: Writing;
}

async function applyWrite(
  ground: DocumentsGround,
  place: TenantPlace,
  { location, write, addition, writing }: Applied,
): Promise<WriteOutcome> {
  const { changes, keep, now } = write;
  if (keep !== undefined) {
    demandServer(ground);
    const isKept = await keepAnswer(ground, keptIdOf(place, keep.id), { ...keep, now, writing });
    if (!isKept) return { result: 'kept' };
  }
  demandServer(ground);
  if (!(await sendChanges(location, changes, writing))) return await unheldOf(location, changes);
  demandServer(ground);
  // Last, so that others wait for it as short as may be.
  return (await addToSlot(ground, place, { ...addition, writing })) ? { result: 'done' } : { result: 'moved' };
}

/** Which change did not hold. Read without the transaction, which a key that is taken has ended. */
async function unheldOf(location: Location, changes: readonly DocumentChange[]): Promise<WriteOutcome> {
  const change = await firstUnheld(location, changes);
  if (change === undefined) throw new UnmatchedError(`all changes of ${location.name} hold`);
  return { result: changes[change]?.op === 'insert' ? 'exists' : 'conflict', change };
}

/** What a write adds to what is there. */
function additionOf({ changes }: Write): Usage {
  let documents = 0;
  let bytes = 0;
  for (const change of changes) {
    if (change.op !== 'remove') bytes += bytesOf(change.document);
    if (change.op !== 'insert') bytes -= bytesOf(change.before);
    if (change.op === 'insert') documents += 1;
    if (change.op === 'remove') documents -= 1;
  }
  return { documents, bytes };
}

/** What a write is told that would pass the quota: the same call, made before, may be what filled it. */
async function refusalOf(
  ground: DocumentsGround,
  place: TenantPlace,
  {
    keep,
    end,
    ...refused
  }: Pick<Write, 'keep'> & { readonly end: number; readonly passed: keyof Quota; readonly usage: Usage },
): Promise<WriteOutcome> {
  const kept = keep && (await findKept(ground, place, keep.id, end));
  if (kept !== undefined && Date.parse(kept.expires_at) > Date.now()) return { result: 'kept' };
  return { result: 'full', quota: refused.passed, usage: refused.usage };
}

/** What the slots of a place count, where they are its own. */
async function usageAt(ground: DocumentsGround, place: TenantPlace, end: number): Promise<Usage | undefined> {
  const slots = await repeatedly(ground, () => findSlots(ground, place), end);
  const isOwn = slots.length === slotCount && slots.every(({ epoch }) => epoch === place.epoch);
  return isOwn ? usageIn(slots) : undefined;
}

/** Where the mark stands once the write was done: others may have written the slot since, and the documents. */
function witnessesOf(
  ground: DocumentsGround,
  place: TenantPlace,
  { location, addition, write: { changes, keep } }: Omit<Applied, 'writing'>,
): Witness[] {
  const { database, name, prefix } = location;
  const written = changes.filter(({ op }) => op !== 'remove').map((change) => prefix + idOf(change));
  return [
    { database, collection: slotsCollection, ids: [addition.slot] },
    ...(keep ? [{ database: ground.database, collection: keptCollection, ids: [keptIdOf(place, keep.id)] }] : []),
    ...(written.length > 0 ? [{ database, collection: name, ids: written }] : []),
  ];
}
