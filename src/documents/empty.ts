import type { Tenancy } from '../organizations/tenancy.ts';
import { inCollection, otherEpoch, type Target } from './in-collection.ts';

/** What was removed, and whether that was all. */
export interface Emptied {
  readonly deleted: number;
  /** False where time ran out: the same call goes on. */
  readonly complete: boolean;
}

/** Documents that are removed in one transaction: what others wait for. */
export const sliceSize = 100;

/** Left of the command's time for the answer. */
const leftMilliseconds = 1_500;

/**
 * Removes the documents of a collection, slice by slice, so that others work in between; what is stored meanwhile may stay.
 *
 * @throws {TenantryError} organization_not_found, collection_not_found, busy, stopping, storage_unavailable
 */
export function emptyCollection(tenancy: Tenancy, target: Target): Promise<Emptied> {
  let deleted = 0;
  return inCollection(tenancy, target, async ({ place, end }) => {
    do {
      const removed = await tenancy.documents.removeSome(place, target.collection, sliceSize, end);
      if (removed === 'moved') return otherEpoch;
      deleted += removed;
      if (removed < sliceSize) return { deleted, complete: true };
    } while (performance.now() < end - leftMilliseconds);
    return { deleted, complete: false };
  });
}
