import { TenantryError } from '../errors.ts';
import type { RecentRecords } from '../store/recent-records.ts';
import type { Records } from '../store/records.ts';
import { isOrganizationId, nameKey } from './name.ts';
import { isLive, type Organization, organizations } from './organization.ts';

/**
 * The organization of this name, in any spelling.
 *
 * @throws {TenantryError} organization_not_found, storage_unavailable
 */
export async function findLive(records: Records, name: string): Promise<Organization> {
  // Once a deletion began, the key is the id, which nobody may use as a name.
  return live(await records.find(organizations, 'name_key', nameKey(name)));
}

/**
 * The organization of this id or name, ids first.
 *
 * @throws {TenantryError} organization_not_found, storage_unavailable
 */
export async function findByIdOrName(reads: RecentRecords, selector: string): Promise<Organization> {
  return live(
    isOrganizationId(selector)
      ? await reads.get(organizations, selector, isLive)
      : await reads.find(organizations, 'name_key', nameKey(selector), isLive),
  );
}

function live(organization: Organization | undefined): Organization {
  if (organization === undefined || !isLive(organization)) throw notFound();
  return organization;
}

/** Whether the organization is still as it was read, so that one more record, read in between, is of the same moment. */
export async function isUnchanged(records: Records, { id, version }: Organization): Promise<boolean> {
  const organization = await records.get(organizations, id);
  return organization?.version === version;
}

/** What is told of an organization that is not there, or not any more. */
export function notFound(): TenantryError {
  return new TenantryError('organization_not_found', 'Organization not found');
}
