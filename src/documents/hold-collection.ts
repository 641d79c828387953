import { type Collection, collections } from '../organizations/collection.ts';
import { holdDeletion } from '../organizations/finish-deletion.ts';
import { isLive, type Organization, organizations } from '../organizations/organization.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import { moved } from '../store/decide.ts';
import type { Append } from '../store/records.ts';
import { replace } from '../store/records.ts';

/**
 * Makes the deletion of a collection this instance's, with a new epoch, so that neither a writer nor an earlier holder
 * changes anything there any more once it is raised in the slots.
 *
 * @param told what is told of it in the same commit
 * @returns the collection as it then stands; undefined where the organization is no longer there
 * @throws {TenantryError} storage_unavailable
 */
export async function holdCollection(
  tenancy: Tenancy,
  collection: Collection,
  { end, told = [] }: { readonly end: number; readonly told?: readonly Append[] },
): Promise<Collection | undefined | typeof moved> {
  const { records } = tenancy;
  const organization = await records.get(organizations, collection.organization_id);
  if (organization === undefined || !isLive(organization)) return undefined;
  const { placement } = organization;
  // A drop that an earlier holder sent may still arrive.
  const deletion = holdDeletion(tenancy, collection.deletion?.uncertain ?? false);
  const held: Collection = { ...collection, status: 'deleting', deletion };
  const raised: Organization = { ...organization, placement: { ...placement, epoch: placement.epoch + 1 } };
  const outcome = await records.commit([replace(organizations, raised), replace(collections, held), ...told], end);
  return outcome.result === 'done' ? { ...held, version: held.version + 1 } : moved;
}
