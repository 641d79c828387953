import { decide, moved } from '../store/decide.ts';
import { replace } from '../store/records.ts';
import { type Organization, organizations } from './organization.ts';
import type { Tenancy } from './tenancy.ts';

/**
 * Finishes the creation of an organization that is decided: makes its collection, then sets its status. May run twice
 * and at once.
 *
 * @throws {TenantryError} storage_unavailable, busy
 */
export async function finishCreation(tenancy: Tenancy, { id, placement, collection_name }: Organization): Promise<void> {
  const { records, documents } = tenancy;
  await documents.makeCollection(placement, collection_name);
  tenancy.reach('create.collection-made');
  await decide(async () => {
    const organization = await records.get(organizations, id);
    // Another has finished it, or deletes it: that one drops what was made here.
    if (organization?.status !== 'creating') return;
    const outcome = await records.commit([replace(organizations, { ...organization, status: 'active' })]);
    return outcome.result === 'done' ? undefined : moved;
  });
  tenancy.reach('create.active');
}
