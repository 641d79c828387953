import { isAdmin, type SignedInCaller } from '../organizations/authenticate-admin.ts';
import { findByIdOrName, notFound } from '../organizations/find-live.ts';
import { nameKey } from '../organizations/name.ts';
import type { Organization } from '../organizations/organization.ts';
import { byEnd, commandEnd } from '../store/decide.ts';
import type { Records } from '../store/records.ts';
import { operator } from './principal.ts';

/**
 * The organization that a path names, where this principal may know of it. For an admin nothing but their own is looked at,
 * so that an organization of others and one that is not there cannot be told apart, by the answer or by its time.
 *
 * @param selector an id or a name in any spelling, ids first
 * @throws {TenantryError} organization_not_found, storage_unavailable
 */
export async function selectOrganization(
  records: Records,
  principal: SignedInCaller | typeof operator,
  selector: string,
): Promise<Organization> {
  if (principal === operator) return await byEnd(findByIdOrName(records, selector), commandEnd());
  const { caller, organization } = principal;
  if (!isAdmin(caller, organization)) throw notFound();
  if (selector !== organization.id && nameKey(selector) !== organization.name_key) throw notFound();
  return organization;
}
