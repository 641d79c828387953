import { type Db, MongoBulkWriteError } from 'mongodb';
import type { TenantPlace } from '../documents.ts';
import { type DocumentsGround, once } from './documents-ground.ts';
import { serverCodes } from './faults.ts';
import { indexKept } from './kept-answers.ts';
import { defaultCollection, isShared, locate } from './locate.ts';
import { noteDatabase } from './own-databases.ts';
import { slotIdsOf, slotsIn } from './slots.ts';

/**
 * Makes what an organization's documents need; what stands is left as it is. Not repeated: an answer that was lost is the
 * affair of the sweep, which knows that what was sent may still arrive.
 *
 * @throws {TenantryError} storage_unavailable
 */
export async function makeDocuments(ground: DocumentsGround, place: TenantPlace): Promise<void> {
  const { database, name } = locate(ground, place, defaultCollection);
  if (!isShared(place.level)) await noteDatabase(ground, place);
  await once(ground, () => indexKept(ground));
  await once(ground, () => database.createCollection(name), serverCodes.namespaceExists);
  // Last: from here on writes are taken.
  await once(ground, () => insertSlots(database, place));
}

async function insertSlots(database: Db, place: TenantPlace): Promise<void> {
  const slots = slotIdsOf(place).map((_id) => ({ _id, epoch: place.epoch, tallies: {} }));
  try {
    await slotsIn(database).insertMany(slots, { ordered: false });
  } catch (error) {
    const failures = error instanceof MongoBulkWriteError ? [error.writeErrors].flat() : [];
    if (failures.length === 0 || failures.some(({ code }) => code !== serverCodes.duplicateKey)) throw error;
  }
}
