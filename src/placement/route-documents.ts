import type { Place, PlacedDocuments } from '../store/documents.ts';
import { unavailable } from '../store/unavailable.ts';
import type { Cluster } from './cluster.ts';

/** One port over all clusters: what is about a place goes to the cluster that the place names. */
export function routeDocuments(clusters: readonly Cluster[]): PlacedDocuments {
  const byName = new Map(clusters.map(({ name, documents }) => [name, documents]));

  /** Those of the place's cluster; what is asked of a cluster that is not there fails, and nothing else does. */
  function at({ cluster }: Place): PlacedDocuments {
    const documents = byName.get(cluster);
    if (documents === undefined) throw unavailable(new Error(`the settings name no cluster ${cluster}`));
    return documents;
  }

  return {
    hasCollection: async (place, collection) => at(place).hasCollection(place, collection),
    makeCollection: async (place) => at(place).makeCollection(place),
    dropCollection: async (place) => at(place).dropCollection(place),
    hasRemains: async (place, collection) => at(place).hasRemains(place, collection),
    dropRemains: async (place, collection) => at(place).dropRemains(place, collection),
    forgetCollection: async (place, collection) => at(place).forgetCollection(place, collection),
    raiseEpoch: async (place) => at(place).raiseEpoch(place),
    getMany: async (place, collection, ids) => at(place).getMany(place, collection, ids),
    list: async (place, collection, range) => at(place).list(place, collection, range),
    usage: async (place, collection) => at(place).usage(place, collection),
    kept: async (place, id) => at(place).kept(place, id),
    write: async (place, write, end) => at(place).write(place, write, end),
    removeSome: async (place, collection, most, end) => at(place).removeSome(place, collection, most, end),
    recount: async (place) => at(place).recount(place),
    async forgetKept(now, signal) {
      // One that is gone does not keep the others from it.
      const work = clusters.map(({ documents }) => documents.forgetKept(now, signal));
      const failed = (await Promise.allSettled(work)).find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
    },
  };
}
