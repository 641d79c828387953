import { trails } from '../events/event.ts';
import { isAdmin, type SignedInCaller } from '../organizations/authenticate-admin.ts';
import { findByIdOrName, notFound } from '../organizations/find-live.ts';
import { isOrganizationId, nameKey } from '../organizations/name.ts';
import { isLive, type Organization, organizations } from '../organizations/organization.ts';
import { byEnd, commandEnd } from '../store/decide.ts';
import { asTheyStand, type RecentRecords } from '../store/recent-records.ts';
import type { Records } from '../store/records.ts';
import { operator } from './principal.ts';

/**
 * The organization that a path names, where this principal may know of it. For an admin nothing but their own is looked at,
 * so that an organization of others and one that is not there cannot be told apart, by the answer or by its time.
 *
 * @param reads by which it is found
 * @param selector an id or a name in any spelling, ids first
 * @throws {TenantryError} organization_not_found, storage_unavailable
 */
export async function selectOrganization(
  reads: RecentRecords,
  principal: SignedInCaller | typeof operator,
  selector: string,
): Promise<Organization> {
  if (principal === operator) return await byEnd(findByIdOrName(reads, selector), commandEnd());
  const { caller, organization } = principal;
  if (!isAdmin(caller, organization)) throw notFound();
  if (isNamed(organization, selector)) return organization;
  // Another instance may have renamed it since it was read.
  const isRight = (found: Organization) => isLive(found) && isNamed(found, selector);
  const standing = await byEnd(reads.get(organizations, organization.id, isRight), commandEnd());
  if (standing === undefined || !isRight(standing)) throw notFound();
  return standing;
}

/**
 * The id of the organization whose events a path names, where this principal may know of them: as `selectOrganization`, but
 * that for the operator they are there as long as they are kept.
 *
 * @throws {TenantryError} organization_not_found, storage_unavailable
 */
export async function selectTrail(
  records: Records,
  principal: SignedInCaller | typeof operator,
  selector: string,
): Promise<string> {
  const isById = principal === operator && isOrganizationId(selector);
  if (isById && (await byEnd(records.get(trails, selector), commandEnd())) !== undefined) return selector;
  return (await selectOrganization(asTheyStand(records), principal, selector)).id;
}

function isNamed({ id, name_key }: Organization, selector: string): boolean {
  return selector === id || nameKey(selector) === name_key;
}
