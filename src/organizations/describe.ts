import { users } from '../identity/user.ts';
import { decide, moved } from '../store/decide.ts';
import type { RecentRecords } from '../store/recent-records.ts';
import type { CreatedOrganization } from './create.ts';
import { notFound } from './find-live.ts';
import {
  isLive,
  noLimits,
  noQuotas,
  type OrganizationLimits,
  type OrganizationStatus,
  organizations,
  type Quotas,
} from './organization.ts';

/** An organization as version 1 of the API shows it to its admin and to the operator. Times are RFC 3339, UTC, milliseconds. */
export interface OrganizationDetails {
  readonly id: string;
  readonly name: string;
  readonly status: OrganizationStatus;
  readonly collection_name: string;
  readonly admin: { readonly id: string; readonly email: string };
  /** What the operator allows it beyond which nothing is stored; null is no bound of its own. */
  readonly quotas: Quotas;
  /** What the operator set for its calls; null is what the settings say. */
  readonly limits: OrganizationLimits;
  readonly created_at: string;
  /** When the organization itself was changed; its admin's email and the end of its creation have no part in it. */
  readonly updated_at: string;
}

/** What is shown, and what names this state of it among all there have been. */
export interface Description {
  readonly details: OrganizationDetails;
  readonly revision: string;
}

/**
 * Shows an organization with its admin, both as of one moment, or as they were remembered.
 *
 * @param reads by which they are found
 * @throws {TenantryError} organization_not_found, busy, storage_unavailable
 */
export function describeOrganization(reads: RecentRecords, id: string): Promise<Description> {
  return decide(async () => {
    const organization = await reads.get(organizations, id, isLive);
    if (organization === undefined || !isLive(organization)) throw notFound();
    const admin = await reads.get(users, organization.admin_user_id, () => true);
    // A deletion came between the two reads.
    if (admin === undefined) throw notFound();
    const again = await reads.get(organizations, id, isLive);
    if (again?.version !== organization.version) return moved;
    return {
      details: detailsOf({ organization, admin }),
      revision: `${id}.${organization.version}.${admin.version}`,
    };
  });
}

/** Shows an organization that was read or made, with its admin. */
export function detailsOf({ organization, admin }: CreatedOrganization): OrganizationDetails {
  const { id, name, status, collection_name, quotas = noQuotas, limits = noLimits } = organization;
  const { created_at, updated_at } = organization;
  const shownAdmin = { id: admin.id, email: admin.email };
  return { id, name, status, collection_name, admin: shownAdmin, quotas, limits, created_at, updated_at };
}
