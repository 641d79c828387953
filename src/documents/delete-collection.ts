import { TenantryError } from '../errors.ts';
import { recording } from '../events/event.ts';
import type { Origin } from '../events/origin.ts';
import { type Collection, collectionKey, collections, defaultCollection } from '../organizations/collection.ts';
import { notFound } from '../organizations/find-live.ts';
import type { Organization } from '../organizations/organization.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import { within } from '../organizations/within.ts';
import { commandEnd, decide, type moved } from '../store/decide.ts';
import type { Usage } from '../store/documents.ts';
import { finishCollectionDeletion } from './finish-collection-deletion.ts';
import { holdCollection } from './hold-collection.ts';
import { collectionNotFound } from './in-collection.ts';

/** A collection that was deleted. */
export interface DeletedCollection {
  readonly name: string;
  /** What it had; undefined where that is still being removed. */
  readonly erased: Usage | undefined;
}

/**
 * Deletes a collection with its documents. The commit decides: from it on the collection is not found, and since it raises
 * the organization's epoch, nobody who was routed before can write to it any more; its documents are removed after it, by
 * this call or, where that takes longer or fails, by the sweep. Until then its name is taken.
 *
 * @throws {TenantryError} collection_permanent, collection_not_found, organization_not_found, busy, storage_unavailable
 */
export async function deleteCollection(
  tenancy: Tenancy,
  { id }: Pick<Organization, 'id'>,
  name: string,
  origin: Origin,
): Promise<DeletedCollection> {
  if (name === defaultCollection) {
    throw new TenantryError('collection_permanent', 'The collection default can be emptied, and not deleted');
  }
  const end = commandEnd();
  const held = await decide(
    (limit) => attempt(tenancy, collectionKey(id, name), { origin, end: limit }),
    end,
    tenancy.queueOf(id),
  );
  tenancy.reach('collection.deleting');
  let erased: Usage | undefined;
  await within(tenancy, end, async () => {
    erased = await finishCollectionDeletion(tenancy, held);
  });
  return { name, erased };
}

async function attempt(
  tenancy: Tenancy,
  key: string,
  { origin, end }: { readonly origin: Origin; readonly end: number },
): Promise<Collection | typeof moved> {
  const collection = await tenancy.records.find(collections, 'key', key);
  if (collection?.status !== 'active') throw collectionNotFound();
  const { organization_id, name } = collection;
  const told = [recording(origin, organization_id, { type: 'collection.deleted', data: { name } }, tenancy.now())];
  const held = await holdCollection(tenancy, collection, { end, told });
  if (held === undefined) throw notFound();
  return held;
}
