import type { Db, Document } from 'mongodb';
import type { TenantPlace, Usage } from '../documents.ts';
import { prefixEnd } from '../prefix.ts';
import { unavailable } from '../unavailable.ts';
import { type DocumentsGround, once, repeatedly } from './documents-ground.ts';
import { serverCodes } from './faults.ts';
import { keptIdOf, keptIn } from './kept-answers.ts';
import { databaseFor, defaultCollection, documentsAt, type Location, locate } from './locate.ts';
import { forgetDatabase } from './own-databases.ts';
import {
  closedEpoch,
  collectionsIn,
  findSlots,
  raiseSlots,
  refuseStanding,
  slotIdsOf,
  slotsCollection,
  slotsIn,
  usageIn,
} from './slots.ts';

/** Documents that are removed at once from what others share. */
const sliceSize = 1_000;

/**
 * Removes an organization's documents and kept answers. The slots, which tell of its collections, are closed to all
 * writers first and removed last: a drop that ended half way is done again from its beginning.
 *
 * @returns what the slots counted that this call removed
 * @throws {TenantryError} storage_unavailable: an answer was lost, or something stands that was dropped
 */
export async function dropDocuments(ground: DocumentsGround, place: TenantPlace): Promise<Usage> {
  const database = databaseFor(ground, place);
  await raiseSlots(ground, place, closedEpoch);
  await repeatedly(ground, () => keptIn(ground).deleteMany({ _id: beginningWith(keptIdOf(place, '')) }));
  switch (place.level) {
    case 'database':
    case 'cluster': {
      // They go with the database, which needs nobody to tell of its collections.
      const usage = await removeSlots(ground, place);
      await dropVerified(ground, database, { filter: {}, drop: () => dropDatabase(ground, database) });
      await forgetDatabase(ground, place);
      return usage;
    }
    case 'collection':
      await dropCollections(ground, place);
      break;
    case 'pooled':
      await emptyShare(ground, place);
  }
  return await removeSlots(ground, place);
}

/** Removes the slots one by one, so that of several that drop at once each tells what it removed itself. */
async function removeSlots(ground: DocumentsGround, place: TenantPlace): Promise<Usage> {
  const slots = slotsIn(databaseFor(ground, place));
  const remove = async (_id: string) => {
    const closed = { _id, epoch: closedEpoch };
    const slot = await slots.findOneAndDelete(closed);
    if (slot === null) await refuseStanding(slots, closed);
    return slot;
  };
  const removed = await Promise.all(slotIdsOf(place).map((_id) => repeatedly(ground, () => remove(_id))));
  return usageIn(removed.filter((slot) => slot !== null));
}

async function dropCollections(ground: DocumentsGround, place: TenantPlace): Promise<void> {
  const slots = await repeatedly(ground, () => findSlots(ground, place));
  for (const collection of new Set([defaultCollection, ...collectionsIn(slots)])) {
    await dropOne(ground, locate(ground, place, collection));
  }
}

function dropOne(ground: DocumentsGround, { database, name }: Location): Promise<void> {
  return dropVerified(ground, database, { filter: { name }, drop: () => dropCollection(ground, database, name) });
}

/** Once, because a drop that arrives late may hit what was made since. */
function dropCollection(ground: DocumentsGround, database: Db, name: string): Promise<void> {
  return once(ground, () => database.collection(name).drop(), serverCodes.namespaceNotFound);
}

/**
 * Drops what is in a database one by one, in the order in which a write comes to it, documents and then slots; and at last the
 * database. Of a drop of all at once beside writes DocumentDB let both wait for each other, and all who came after them, until
 * its time limit for locks: in three of five tries, and in one of a hundred where it is done one by one.
 */
async function dropDatabase(ground: DocumentsGround, database: Db): Promise<void> {
  const standing = await repeatedly(ground, () => database.listCollections({}, { nameOnly: true }).toArray());
  // What the server keeps for itself goes with the database, and may refuse to go before, as the profile does while it is on.
  const names = standing
    .map(({ name }) => name)
    .filter((name) => name !== slotsCollection && !name.startsWith('system.'));
  for (const name of [...names, slotsCollection]) await dropCollection(ground, database, name);
  await once(ground, () => database.dropDatabase());
}

/** Whether a collection of an organization stands on the server as one of its own. */
export async function hasRemains(ground: DocumentsGround, place: TenantPlace, collection: string): Promise<boolean> {
  const { database, name } = locate(ground, place, collection);
  return place.level !== 'pooled' && (await identify(ground, database, { name })).length > 0;
}

/**
 * Drops a collection that was emptied. A write of an old epoch, which would make it anew, is taken back with its
 * transaction.
 *
 * @throws {TenantryError} storage_unavailable: an answer was lost, or it still stands
 */
export async function dropRemains(ground: DocumentsGround, place: TenantPlace, collection: string): Promise<void> {
  if (collection === defaultCollection || place.level === 'pooled')
    throw new RangeError(`${collection} is not dropped`);
  await dropOne(ground, locate(ground, place, collection));
}

/** What to drop: the collections that the filter finds. */
interface Dropped {
  readonly filter: Document;
  readonly drop: () => Promise<void>;
}

/** Drops, where there is something, and looks whether that is gone. */
async function dropVerified(ground: DocumentsGround, database: Db, { filter, drop }: Dropped): Promise<void> {
  const standing = await identify(ground, database, filter);
  if (standing.length === 0) return;
  await drop();
  // Others of the same names may have been made since.
  const left = (await identify(ground, database, filter)).filter((uuid) => standing.includes(uuid));
  if (left.length > 0) throw unavailable(new Error(`${database.databaseName} holds what was dropped`));
}

async function identify(ground: DocumentsGround, database: Db, filter: Document): Promise<string[]> {
  const found = await repeatedly(ground, () => database.listCollections(filter, { nameOnly: false }).toArray());
  return found.map(({ info }) => String(info?.uuid));
}

/** Removes the organization's documents from what others share, slice by slice. */
async function emptyShare(ground: DocumentsGround, place: TenantPlace): Promise<void> {
  const documents = documentsAt(locate(ground, place, defaultCollection));
  const removeSlice = async () => {
    const own = { _id: beginningWith(`${place.organization}/`) };
    const found = await documents.find(own, { projection: { _id: 1 }, limit: sliceSize }).toArray();
    await documents.deleteMany({ _id: { $in: found.map(({ _id }) => _id) } });
    return found.length;
  };
  while ((await repeatedly(ground, removeSlice)) > 0);
}

function beginningWith(prefix: string) {
  const end = prefixEnd(prefix);
  return { $gte: prefix, ...(end !== undefined && { $lt: end }) };
}
