import { recording } from '../events/event.ts';
import type { Origin } from '../events/origin.ts';
import { commandEnd, decide, moved } from '../store/decide.ts';
import { replace } from '../store/records.ts';
import { notFound } from './find-live.ts';
import { isLive, noQuotas, type Organization, organizations, type Quotas } from './organization.ts';
import type { Tenancy } from './tenancy.ts';

/** Quotas to set; what is left out stays as it is. */
export type QuotaChange = { readonly [Name in keyof Quotas]?: Quotas[Name] | undefined };

/**
 * Sets what an organization may have. What it has already stays, also where that is more.
 *
 * @throws {TenantryError} organization_not_found, busy, storage_unavailable
 */
export function setQuotas(
  { records, now, queueOf }: Tenancy,
  id: string,
  change: QuotaChange,
  origin: Origin,
): Promise<Organization> {
  return decide(
    async (end) => {
      const organization = await records.get(organizations, id);
      if (organization === undefined || !isLive(organization)) throw notFound();
      const before = organization.quotas ?? noQuotas;
      const { documents = before.documents, bytes = before.bytes, collections = before.collections } = change;
      const quotas = { documents, bytes, collections };
      const changed: Organization = { ...organization, quotas, updated_at: now().toISOString() };
      const data = { before, after: quotas };
      const told = recording(origin, id, { type: 'organization.quotas_changed', data }, now());
      const outcome = await records.commit([replace(organizations, changed), told], end);
      return outcome.result === 'done' ? { ...changed, version: changed.version + 1 } : moved;
    },
    commandEnd(),
    queueOf(id),
  );
}
