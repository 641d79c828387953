import { isLive, type Organization, organizations, placeOf } from '../organizations/organization.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import type { Usage } from '../store/documents.ts';

/** What a recount found, and put right. */
export interface Recounted {
  /** How many organizations were counted. */
  readonly organizations: number;
  readonly documents: number;
  readonly bytes: number;
  /** Those whose slots told otherwise, the first thousand of them. */
  readonly corrected: readonly Correction[];
}

/** An organization whose slots told otherwise. */
export interface Correction {
  readonly organization: string;
  readonly was: Usage;
  readonly is: Usage;
}

/** Organizations that are read at a time. */
const pageSize = 100;
const mostTold = 1_000;

/**
 * Counts the documents of every organization anew and puts their slots right, one after the other, while the service works.
 *
 * @throws {TenantryError} storage_unavailable; what was put right until then stays so
 */
export async function recountAll({ records, documents }: Pick<Tenancy, 'records' | 'documents'>): Promise<Recounted> {
  const total = { organizations: 0, documents: 0, bytes: 0 };
  const corrected: Correction[] = [];
  let last: Organization | undefined;
  do {
    const after = last && { after: { key: last.name_key, id: last.id } };
    const page: Organization[] = await records.list(organizations, 'name_key', { limit: pageSize, ...after });
    for (const organization of page.filter(isLive)) {
      const { counted: is, slots: was } = await documents.recount(placeOf(organization));
      total.organizations += 1;
      total.documents += is.documents;
      total.bytes += is.bytes;
      const isRight = was.documents === is.documents && was.bytes === is.bytes;
      if (!isRight && corrected.length < mostTold) corrected.push({ organization: organization.id, was, is });
    }
    last = page.at(-1);
  } while (last !== undefined);
  return { ...total, corrected };
}
