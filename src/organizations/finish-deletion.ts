import { decide, moved } from '../store/decide.ts';
import { remove, replace } from '../store/records.ts';
import { type Organization, organizations } from './organization.ts';
import type { Tenancy } from './tenancy.ts';

/** How long a holder of a deletion may drop; after it another may take over. */
const holdMilliseconds = 30_000;

/** How long the name of a collection stays reserved where a drop may still arrive at the database. */
const reservedMilliseconds = 24 * 60 * 60 * 1_000;

/** The end of a hold that is taken now. RFC 3339. */
export function holdUntil(now: Date): string {
  return new Date(now.getTime() + holdMilliseconds).toISOString();
}

/**
 * Finishes a deletion that this instance holds: drops the collection, then removes the record; or, where a second drop
 * is due, keeps it as `deleted` so that no newcomer gets the collection's name while a late drop may be under way.
 *
 * @param held the record as this instance wrote it when it took the deletion
 * @throws {TenantryError} storage_unavailable: the drop was not answered; the sweep takes the deletion over
 */
export async function finishDeletion(tenancy: Tenancy, held: Organization): Promise<void> {
  const { records, documents, now } = tenancy;
  if (held.deletion === undefined || held.deletion.until <= now().toISOString()) return;
  await documents.dropCollection(held.placement, held.collection_name);
  tenancy.reach('delete.collection-dropped');
  const until = new Date(now().getTime() + reservedMilliseconds).toISOString();
  const settled = held.deletion.uncertain
    ? replace(organizations, { ...held, status: 'deleted', deletion: { ...held.deletion, until } })
    : remove(organizations, held);
  // A conflict: another took the deletion over, and settles it.
  await records.commit([settled]);
  tenancy.reach('delete.settled');
}

/**
 * Takes a deletion over whose holder's time is up, and finishes it.
 *
 * @throws {TenantryError} storage_unavailable, busy
 */
export async function takeOverDeletion(tenancy: Tenancy, id: string): Promise<void> {
  const { records, now, instance } = tenancy;
  const held = await decide(async () => {
    const organization = await records.get(organizations, id);
    if (organization?.status !== 'deleting' || organization.deletion === undefined) return undefined;
    if (organization.deletion.until > now().toISOString()) return undefined;
    const taken = { ...organization, deletion: { owner: instance, until: holdUntil(now()), uncertain: true } };
    const outcome = await records.commit([replace(organizations, taken)]);
    return outcome.result === 'done' ? { ...taken, version: taken.version + 1 } : moved;
  });
  if (held !== undefined) await finishDeletion(tenancy, held);
}

/**
 * Removes the record of a deletion whose time of reservation is over, after one more drop: until then the collection's
 * name was reserved, so what stands there now came from a late creation and is nobody's.
 *
 * @throws {TenantryError} storage_unavailable
 */
export async function forgetDeletion({ records, documents, now }: Tenancy, organization: Organization): Promise<void> {
  if (organization.deletion === undefined || organization.deletion.until > now().toISOString()) return;
  await documents.dropCollection(organization.placement, organization.collection_name);
  await records.commit([remove(organizations, organization)]);
}
