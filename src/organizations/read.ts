import { users } from '../identity/user.ts';
import { decide, moved } from '../store/decide.ts';
import { findLive, isUnchanged, notFound } from './find-live.ts';
import { type OrganizationView, viewOf } from './organization.ts';
import type { Tenancy } from './tenancy.ts';

/**
 * Shows the organization of this name, in any spelling, with its admin's email, both as of one moment.
 *
 * @throws {TenantryError} organization_not_found, busy, storage_unavailable
 */
export function readOrganization({ records }: Tenancy, name: string): Promise<OrganizationView> {
  return decide(async () => {
    const organization = await findLive(records, name);
    const admin = await records.get(users, organization.admin_user_id);
    // A deletion came between the two reads.
    if (admin === undefined) throw notFound();
    return (await isUnchanged(records, organization)) ? viewOf(organization, admin.email) : moved;
  });
}
