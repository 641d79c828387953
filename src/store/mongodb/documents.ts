import type { Documents } from '../documents.ts';
import { type DocumentsGround, repeatedly } from './documents-ground.ts';
import { dropDocuments } from './drop-collection.ts';
import { findKept, forgetKept } from './kept-answers.ts';
import { databaseIn, placeOf } from './locate.ts';
import { makeDocuments } from './make-collection.ts';
import { measureCluster } from './measure.ts';
import { getDocuments, listDocuments } from './read-documents.ts';
import { recountDocuments } from './recount.ts';
import { removeDocuments } from './remove-documents.ts';
import { findSlots, raiseSlots, usageIn } from './slots.ts';
import { createWriter } from './write-documents.ts';

/**
 * The port for documents on MongoDB. At the level `collection` each organization has collections of its own beside the
 * master data, where other programs find them by their names and may write to them too.
 */
export function createDocuments(ground: DocumentsGround): Documents {
  return {
    assignPlace: async (level, organization) => placeOf(ground, level, organization),
    // The bound is the cluster's, and nothing is counted here.
    releasePlace() {},
    measure: () => measureCluster(ground),
    hasCollection(place, collection) {
      const database = databaseIn(ground, place);
      return repeatedly(ground, () => database.listCollections({ name: collection }, { nameOnly: true }).hasNext());
    },
    makeCollection: (place) => makeDocuments(ground, place),
    dropCollection: (place) => dropDocuments(ground, place),
    raiseEpoch: (place) => raiseSlots(ground, place, place.epoch),
    getMany: (place, collection, ids) => getDocuments(ground, place, collection, ids),
    list: (place, collection, range) => listDocuments(ground, place, collection, range),
    usage: async (place, collection) => usageIn(await repeatedly(ground, () => findSlots(ground, place)), collection),
    kept: (place, id) => findKept(ground, place, id),
    write: createWriter(ground),
    removeSome: (place, collection, most, end) => removeDocuments(ground, place, { collection, most, end }),
    recount: (place) => recountDocuments(ground, place),
    forgetKept: (now, signal) => forgetKept(ground, now, signal),
  };
}
