import { isAdmin } from '../organizations/authenticate-admin.ts';
import { findByIdOrName, notFound } from '../organizations/find-live.ts';
import { nameKey } from '../organizations/name.ts';
import { isLive, type Organization, organizations } from '../organizations/organization.ts';
import { byEnd, commandEnd } from '../store/decide.ts';
import type { Records } from '../store/records.ts';
import { operator, type Principal } from './principal.ts';

/**
 * The organization that a path names, where this principal may know of it. For an admin nothing but their own is looked at,
 * so that an organization of others and one that is not there cannot be told apart, by the answer or by its time.
 *
 * @param selector an id or a name in any spelling, ids first
 * @throws {TenantryError} organization_not_found, storage_unavailable
 */
export function selectOrganization(records: Records, principal: Principal, selector: string): Promise<Organization> {
  return byEnd(find(records, principal, selector), commandEnd());
}

async function find(records: Records, principal: Principal, selector: string): Promise<Organization> {
  if (principal === operator) return await findByIdOrName(records, selector);
  const own = await records.get(organizations, principal.organization_id);
  if (own === undefined || !isLive(own) || !isAdmin(principal, own)) throw notFound();
  if (selector !== own.id && nameKey(selector) !== own.name_key) throw notFound();
  return own;
}
