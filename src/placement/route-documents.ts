import type { Place, PlacedDocuments } from '../store/documents.ts';
import { unavailable } from '../store/unavailable.ts';
import { admittedDocuments, type Cluster } from './cluster.ts';

/** One port over all clusters: what is about a place goes to the cluster that the place names. */
export function routeDocuments(clusters: readonly Cluster[]): PlacedDocuments {
  const byName = new Map(clusters.map((cluster) => [cluster.name, cluster]));

  /** Those of the place's cluster; what is asked of a cluster that is not there fails, and nothing else does. */
  function at({ cluster: name }: Place): Promise<PlacedDocuments> {
    const cluster = byName.get(name);
    if (cluster === undefined) throw unavailable(new Error(`the settings name no cluster ${name}`));
    return admittedDocuments(cluster);
  }

  return {
    hasCollection: async (place, collection) => (await at(place)).hasCollection(place, collection),
    makeCollection: async (place) => (await at(place)).makeCollection(place),
    dropCollection: async (place) => (await at(place)).dropCollection(place),
    hasRemains: async (place, collection) => (await at(place)).hasRemains(place, collection),
    dropRemains: async (place, collection) => (await at(place)).dropRemains(place, collection),
    forgetCollection: async (place, collection) => (await at(place)).forgetCollection(place, collection),
    raiseEpoch: async (place) => (await at(place)).raiseEpoch(place),
    getMany: async (place, collection, ids) => (await at(place)).getMany(place, collection, ids),
    list: async (place, collection, range) => (await at(place)).list(place, collection, range),
    usage: async (place, collection) => (await at(place)).usage(place, collection),
    kept: async (place, id) => (await at(place)).kept(place, id),
    write: async (place, write, end) => (await at(place)).write(place, write, end),
    removeSome: async (place, collection, most, end) => (await at(place)).removeSome(place, collection, most, end),
    recount: async (place) => (await at(place)).recount(place),
    async forgetKept(now, signal) {
      // One that is gone does not keep the others from it.
      const work = clusters.map(async (cluster) => (await admittedDocuments(cluster)).forgetKept(now, signal));
      const failed = (await Promise.allSettled(work)).find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
    },
  };
}
