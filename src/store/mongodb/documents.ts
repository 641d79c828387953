import type { Db } from 'mongodb';
import type { Documents, Place } from '../documents.ts';
import { unavailable } from '../unavailable.ts';
import { callEnd, persistently, untilEnd } from './attempts.ts';
import { hasCode, serverCodes, tellable } from './faults.ts';

/** The cluster that the master database is on. */
const cluster = 'main';

/**
 * The port for documents on MongoDB: each organization has a collection, beside the master data in one database, where
 * other programs find it by its name. What makes and drops is not repeated here: an answer that was lost is the sweep's
 * affair, which knows that a drop may still arrive.
 */
export function createDocuments(database: Db): Documents {
  const stands = (place: Place, collection: string) => {
    if (place.cluster !== cluster || place.database !== database.databaseName) {
      throw new RangeError(`no such place: ${place.cluster}/${place.database}`);
    }
    return persistently(() => database.listCollections({ name: collection }, { nameOnly: true }).hasNext());
  };
  return {
    assignPlace: async () => ({ cluster, database: database.databaseName }),
    // The bound is the cluster's, and nothing is counted here.
    releasePlace() {},
    hasCollection: stands,
    async makeCollection(place, collection) {
      if (await stands(place, collection)) return;
      await once(() => database.createCollection(collection), serverCodes.namespaceExists);
    },
    async dropCollection(place, collection) {
      if (await stands(place, collection)) {
        await once(() => database.collection(collection).drop(), serverCodes.namespaceNotFound);
        if (await stands(place, collection)) throw unavailable(new Error(`${collection} stands after its drop`));
      }
    },
  };
}

/** @param already the code that tells that another has done it */
async function once(work: () => Promise<unknown>, already: number): Promise<void> {
  try {
    await untilEnd(work, callEnd());
  } catch (error) {
    if (!hasCode(error, already)) throw tellable(error);
  }
}
