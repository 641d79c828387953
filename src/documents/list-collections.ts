import { collectionKey, collections, defaultCollection } from '../organizations/collection.ts';
import type { Organization } from '../organizations/organization.ts';
import { byEnd, commandEnd } from '../store/decide.ts';
import type { Records } from '../store/records.ts';
import { type CollectionView, viewOfCollection } from './create-collection.ts';
import { collectionNotFound } from './in-collection.ts';

/** Collections that an organization may have at most, whatever the settings say: all of them are read at once. */
export const mostCollections = 1_000;

/**
 * The collections of an organization in the order of their names, `default` among them.
 *
 * @throws {TenantryError} storage_unavailable
 */
export async function listCollections(records: Records, organization: Organization): Promise<CollectionView[]> {
  const range = { prefix: collectionKey(organization.id), limit: mostCollections };
  const found = await byEnd(records.list(collections, 'key', range), commandEnd());
  const active = found.filter(({ status }) => status === 'active');
  const views = [defaultOf(organization), ...active].map(viewOfCollection);
  return views.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/**
 * The collection of this name.
 *
 * @throws {TenantryError} collection_not_found, storage_unavailable
 */
export async function readCollection(
  records: Records,
  organization: Organization,
  name: string,
): Promise<CollectionView> {
  if (name === defaultCollection) return viewOfCollection(defaultOf(organization));
  const key = collectionKey(organization.id, name);
  const found = await byEnd(records.find(collections, 'key', key), commandEnd());
  if (found?.status !== 'active') throw collectionNotFound();
  return viewOfCollection(found);
}

function defaultOf({ created_at }: Organization): CollectionView {
  return { name: defaultCollection, created_at };
}
