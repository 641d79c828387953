import { type Happening, recording } from '../events/event.ts';
import type { Origin } from '../events/origin.ts';
import { commandEnd, decide, moved } from '../store/decide.ts';
import { replace } from '../store/records.ts';
import { notFound } from './find-live.ts';
import {
  isLive,
  noLimits,
  noQuotas,
  type Organization,
  type OrganizationLimits,
  organizations,
  type Quotas,
} from './organization.ts';
import type { Tenancy } from './tenancy.ts';

/** What to set; what is left out stays as it is. */
export interface BoundsChange {
  readonly quotas?: { readonly [Name in keyof Quotas]?: Quotas[Name] | undefined } | undefined;
  readonly limits?: { readonly [Name in keyof OrganizationLimits]?: OrganizationLimits[Name] | undefined } | undefined;
}

/**
 * Sets what an organization may have, and how often it may call. What it has already stays, also where that is more.
 *
 * @throws {TenantryError} organization_not_found, busy, storage_unavailable
 */
export function setBounds(
  { records, now, queueOf }: Tenancy,
  id: string,
  { quotas, limits }: BoundsChange,
  origin: Origin,
): Promise<Organization> {
  return decide(
    async (end) => {
      const organization = await records.get(organizations, id);
      if (organization === undefined || !isLive(organization)) throw notFound();
      const changed: Organization = {
        ...organization,
        ...(quotas && { quotas: quotasAfter(organization, quotas) }),
        ...(limits && { limits: limitsAfter(organization, limits) }),
        updated_at: now().toISOString(),
      };
      const told = happenings(organization, changed).map((happening) => recording(origin, id, happening, now()));
      const outcome = await records.commit([replace(organizations, changed), ...told], end);
      return outcome.result === 'done' ? { ...changed, version: changed.version + 1 } : moved;
    },
    commandEnd(),
    queueOf(id),
  );
}

function quotasAfter({ quotas = noQuotas }: Organization, change: NonNullable<BoundsChange['quotas']>): Quotas {
  const { documents = quotas.documents, bytes = quotas.bytes, collections = quotas.collections } = change;
  return { documents, bytes, collections };
}

function limitsAfter(
  { limits = noLimits }: Organization,
  { calls_per_minute = limits.calls_per_minute }: NonNullable<BoundsChange['limits']>,
): OrganizationLimits {
  return { calls_per_minute };
}

/** What was set is told also where it is the same again. */
function happenings(before: Organization, after: Organization): Happening[] {
  const told: Happening[] = [];
  if (after.quotas !== before.quotas) {
    const data = { before: before.quotas ?? noQuotas, after: after.quotas };
    told.push({ type: 'organization.quotas_changed', data });
  }
  if (after.limits !== before.limits) {
    const data = { before: before.limits ?? noLimits, after: after.limits };
    told.push({ type: 'organization.limits_changed', data });
  }
  return told;
}
