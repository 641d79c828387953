import type { Documents, TenantPlace } from '../documents.ts';
import { type ClusterGround, groundFor, repeatedly } from './documents-ground.ts';
import { dropDocuments, dropRemains, hasRemains } from './drop-collection.ts';
import { forgetCollection } from './forget-collection.ts';
import { findKept, forgetKept } from './kept-answers.ts';
import { databaseIn, placeOf } from './locate.ts';
import { makeDocuments } from './make-collection.ts';
import { measureCluster } from './measure.ts';
import { getDocuments, listDocuments } from './read-documents.ts';
import { recountDocuments } from './recount.ts';
import { removeDocuments } from './remove-documents.ts';
import { findSlots, raiseSlots, usageIn } from './slots.ts';
import { masterLine } from './turns.ts';
import { createWriter } from './write-documents.ts';

/**
 * The port for documents on MongoDB. At the level `collection` each organization has collections of its own beside the
 * master data, where other programs find them by their names and may write to them too.
 */
export function createDocuments(cluster: ClusterGround): Documents {
  const groundOf = ({ organization }: TenantPlace) => groundFor(cluster, organization);
  const ofNobody = groundFor(cluster, masterLine);
  return {
    assignPlace: async (level, organization) => placeOf(ofNobody, level, organization),
    // The bound is the cluster's, and nothing is counted here.
    releasePlace() {},
    measure: () => measureCluster(ofNobody),
    hasCollection(place, collection) {
      const database = databaseIn(ofNobody, place);
      return repeatedly(ofNobody, () => database.listCollections({ name: collection }, { nameOnly: true }).hasNext());
    },
    makeCollection: (place) => makeDocuments(groundOf(place), place),
    dropCollection: (place) => dropDocuments(groundOf(place), place),
    hasRemains: (place, collection) => hasRemains(groundOf(place), place, collection),
    dropRemains: (place, collection) => dropRemains(groundOf(place), place, collection),
    forgetCollection: (place, collection) => forgetCollection(groundOf(place), place, collection),
    raiseEpoch: (place) => raiseSlots(groundOf(place), place, place.epoch),
    getMany: (place, collection, ids) => getDocuments(groundOf(place), place, collection, ids),
    list: (place, collection, range) => listDocuments(groundOf(place), place, collection, range),
    async usage(place, collection) {
      const ground = groundOf(place);
      return usageIn(await repeatedly(ground, () => findSlots(ground, place)), collection);
    },
    kept: (place, id) => findKept(groundOf(place), place, id),
    write: createWriter(cluster),
    removeSome: (place, collection, most, end) => removeDocuments(groundOf(place), place, { collection, most, end }),
    recount: (place) => recountDocuments(groundOf(place), place),
    forgetKept: (now, signal) => forgetKept(ofNobody, now, signal),
  };
}
