import type { NoteAttributes, Tracer } from '../tracing.ts';
import type { Place, PlacedDocuments, TenantPlace } from './documents.ts';
import type { DatabaseSystem } from './traced-records.ts';

/**
 * Documents whose every call about a place is a span: whose they are by the organization's id, in which cluster, and how a
 * write came out. No name of a collection and no id of a document, which are the tenant's.
 *
 * @param systemOf what keeps a cluster's documents
 */
export function traceDocuments(
  documents: PlacedDocuments,
  tracer: Tracer,
  systemOf: (cluster: string) => DatabaseSystem | undefined,
): PlacedDocuments {
  function call<T>(
    operation: string,
    place: Place | TenantPlace,
    work: (note: NoteAttributes) => Promise<T>,
  ): Promise<T> {
    const system = systemOf(place.cluster);
    const attributes = {
      ...(system !== undefined && { 'db.system.name': system }),
      'db.operation.name': operation,
      'tenantry.cluster': place.cluster,
      ...('organization' in place && { 'tenantry.organization': place.organization, 'tenantry.level': place.level }),
    };
    return tracer.call(`documents.${operation}`, attributes, work);
  }

  return {
    hasCollection: (place, collection) =>
      call('hasCollection', place, () => documents.hasCollection(place, collection)),
    makeCollection: (place) => call('makeCollection', place, () => documents.makeCollection(place)),
    dropCollection: (place) => call('dropCollection', place, () => documents.dropCollection(place)),
    hasRemains: (place, collection) => call('hasRemains', place, () => documents.hasRemains(place, collection)),
    dropRemains: (place, collection) => call('dropRemains', place, () => documents.dropRemains(place, collection)),
    forgetCollection: (place, collection) =>
      call('forgetCollection', place, () => documents.forgetCollection(place, collection)),
    raiseEpoch: (place) => call('raiseEpoch', place, () => documents.raiseEpoch(place)),
    getMany: (place, collection, ids) => call('getMany', place, () => documents.getMany(place, collection, ids)),
    list: (place, collection, range) => call('list', place, () => documents.list(place, collection, range)),
    usage: (place, collection) => call('usage', place, () => documents.usage(place, collection)),
    kept: (place, id) => call('kept', place, () => documents.kept(place, id)),
    write: (place, write, end) =>
      call('write', place, async (note) => {
        const outcome = await documents.write(place, write, end);
        note({ 'tenantry.changes': write.changes.length, 'tenantry.result': outcome.result });
        return outcome;
      }),
    removeSome: (place, collection, most, end) =>
      call('removeSome', place, () => documents.removeSome(place, collection, most, end)),
    recount: (place) => call('recount', place, () => documents.recount(place)),
    // Of all clusters, from time to time.
    forgetKept: (now, signal) => documents.forgetKept(now, signal),
  };
}
