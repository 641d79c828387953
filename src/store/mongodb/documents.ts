import type { Db } from 'mongodb';
import type { Documents, Place } from '../documents.ts';
import { unavailable } from '../unavailable.ts';
import { callEnd, persistently, untilEnd } from './attempts.ts';
import { hasCode, serverCodes, tellable } from './faults.ts';
import type { InTurn } from './turns.ts';

/** The cluster that the master database is on. */
const cluster = 'main';

/**
 * The port for documents on MongoDB: each organization has a collection, beside the master data in one database, where
 * other programs find it by its name. What makes and drops is not repeated here: an answer that was lost is the sweep's
 * affair, which knows that a drop may still arrive.
 */
export function createDocuments(database: Db, inTurn: InTurn): Documents {
  const find = <T>(work: () => Promise<T>, end = callEnd()) => inTurn(() => persistently(work, end), end);
  const change = (work: () => Promise<unknown>, already: number) => inTurn(() => once(work, already), callEnd());
  const refuseOther = (place: Place) => {
    if (place.cluster === cluster && place.database === database.databaseName) return;
    throw new RangeError(`no such place: ${place.cluster}/${place.database}`);
  };
  const stands = (place: Place, collection: string) => {
    refuseOther(place);
    return find(() => database.listCollections({ name: collection }, { nameOnly: true }).hasNext());
  };
  const identify = async (place: Place, collection: string) => {
    refuseOther(place);
    const found = await find(() => database.listCollections({ name: collection }, { nameOnly: false }).toArray());
    return found.map(({ info }) => String(info?.uuid))[0];
  };
  return {
    assignPlace: async () => ({ cluster, database: database.databaseName }),
    // The bound is the cluster's, and nothing is counted here.
    releasePlace() {},
    hasCollection: stands,
    async makeCollection(place, collection) {
      refuseOther(place);
      await change(() => database.createCollection(collection), serverCodes.namespaceExists);
    },
    async dropCollection(place, collection) {
      const standing = await identify(place, collection);
      if (standing === undefined) return;
      await change(() => database.collection(collection).drop(), serverCodes.namespaceNotFound);
      // Another of the same name may have been made since.
      if ((await identify(place, collection)) === standing) {
        throw unavailable(new Error(`${collection} stands after its drop`));
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
