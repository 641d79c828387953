import type { Organization, Quotas } from '../organizations/organization.ts';
import { placeOf } from '../organizations/organization.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import { byEnd, commandEnd } from '../store/decide.ts';
import { collectionBound } from './create-collection.ts';

/** What an organization has, and what it may have. */
export interface OrganizationUsage {
  readonly documents: number;
  /** UTF-8 bytes of all documents as compact JSON, without the members that the service adds. */
  readonly bytes: number;
  readonly collections: number;
  /** null is no bound. */
  readonly quotas: Quotas;
}

/**
 * What an organization has, as its slots count it.
 *
 * @throws {TenantryError} storage_unavailable
 */
export async function readUsage(tenancy: Tenancy, organization: Organization): Promise<OrganizationUsage> {
  const counted = await byEnd(tenancy.documents.usage(placeOf(organization)), commandEnd());
  const { documents = null, bytes = null } = organization.quotas ?? {};
  return {
    documents: Math.max(0, counted.documents),
    bytes: Math.max(0, counted.bytes),
    collections: 1 + (organization.collections ?? 0),
    quotas: { documents, bytes, collections: collectionBound(tenancy, organization) },
  };
}
