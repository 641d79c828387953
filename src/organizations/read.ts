import { users } from '../identity/user.ts';
import { findLive, notFound } from './find-live.ts';
import { type OrganizationView, viewOf } from './organization.ts';
import type { Tenancy } from './tenancy.ts';

/**
 * Shows the organization of this name, in any spelling.
 *
 * @throws {TenantryError} organization_not_found, storage_unavailable
 */
export async function readOrganization({ records }: Tenancy, name: string): Promise<OrganizationView> {
  const organization = await findLive(records, name);
  const admin = await records.get(users, organization.admin_user_id);
  // A deletion came between the two reads.
  if (admin === undefined) throw notFound();
  return viewOf(organization, admin.email);
}
