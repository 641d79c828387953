import { users } from '../identity/user.ts';
import { notFound } from './find-live.ts';
import { nameKey } from './name.ts';
import { isLive, type OrganizationView, organizations, viewOf } from './organization.ts';
import type { Tenancy } from './tenancy.ts';

const admin = { member: 'admin_user_id', kind: users } as const;

/**
 * Shows the organization of this name, in any spelling, with its admin's email, both as of one moment.
 *
 * @throws {TenantryError} organization_not_found, storage_unavailable
 */
export async function readOrganization({ records }: Tenancy, name: string): Promise<OrganizationView> {
  const found = await records.findJoined(organizations, 'name_key', nameKey(name), admin);
  if (found === undefined || !isLive(found[0])) throw notFound();
  const [organization, { email }] = found;
  return viewOf(organization, email);
}
