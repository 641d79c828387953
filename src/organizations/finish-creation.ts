import { decide, moved } from '../store/decide.ts';
import { replace } from '../store/records.ts';
import { type Organization, organizations, placeOf } from './organization.ts';
import type { Tenancy } from './tenancy.ts';

/**
 * Finishes the creation of an organization that is decided: makes its collection, then sets its status. Only who decided
 * it and who took it over may call this; together they may, twice and at once.
 *
 * @throws {TenantryError} storage_unavailable, busy
 */
export async function finishCreation(tenancy: Tenancy, decided: Organization): Promise<void> {
  const { records, documents } = tenancy;
  const { id } = decided;
  await documents.makeCollection(placeOf(decided));
  tenancy.reach('create.collection-made');
  await decide(async (end) => {
    const organization = await records.get(organizations, id);
    // Another has finished it, or deletes it: that one's second drop is for what was made here.
    if (organization?.status !== 'creating') return;
    const outcome = await records.commit([replace(organizations, { ...organization, status: 'active' })], end);
    return outcome.result === 'done' ? undefined : moved;
  });
  tenancy.reach('create.active');
}

/**
 * Makes what the documents of an organization need that was created by a program that had none: its creation is taken as
 * unfinished, and finished.
 *
 * @throws {TenantryError} storage_unavailable, busy
 */
export async function adoptOrganization(tenancy: Tenancy, id: string): Promise<void> {
  const { records } = tenancy;
  await decide(async (end) => {
    const organization = await records.get(organizations, id);
    if (organization?.status !== 'active' || organization.collections !== undefined) return;
    const creating: Organization = { ...organization, status: 'creating', collections: 0 };
    const outcome = await records.commit([replace(organizations, creating)], end);
    return outcome.result === 'done' ? undefined : moved;
  });
  await takeOverCreation(tenancy, id);
}

/**
 * Takes over a creation that is unfinished, and finishes it. The record says so first: from then on the one who began
 * and the one who took over may each make the collection at any time, also after the other has finished and the
 * organization was deleted, so that its deletion keeps the collection's name reserved.
 *
 * @throws {TenantryError} storage_unavailable, busy
 */
export async function takeOverCreation(tenancy: Tenancy, id: string): Promise<void> {
  const { records } = tenancy;
  const taken = await decide(async (end) => {
    const organization = await records.get(organizations, id);
    if (organization?.status !== 'creating') return undefined;
    if (organization.creation_taken_over) return organization;
    const marked: Organization = { ...organization, creation_taken_over: true };
    const outcome = await records.commit([replace(organizations, marked)], end);
    return outcome.result === 'done' ? marked : moved;
  });
  if (taken === undefined) return;
  tenancy.reach('create.taken-over');
  await finishCreation(tenancy, taken);
}
