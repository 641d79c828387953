import { TenantryError } from '../errors.ts';
import { recording } from '../events/event.ts';
import type { Origin } from '../events/origin.ts';
import { users } from '../identity/user.ts';
import { byEnd, commandEnd, decide, moved } from '../store/decide.ts';
import type { Usage } from '../store/documents.ts';
import { check, type Records, remove, replace } from '../store/records.ts';
import { type Caller, isAdmin, refuseDead } from './authenticate-admin.ts';
import { findLive, notFound } from './find-live.ts';
import { finishDeletion, holdDeletion } from './finish-deletion.ts';
import { isLive, type Organization, organizations } from './organization.ts';
import type { Tenancy } from './tenancy.ts';
import { within } from './within.ts';

/** What was deleted. */
export interface DeletedOrganization {
  /** As it was stored. */
  readonly name: string;
  readonly collection_name: string;
  /** Undefined where that is still being done. */
  readonly erased: Erased | undefined;
}

/** What an organization had that is no longer there. */
export interface Erased extends Usage {
  readonly collections: number;
}

/**
 * Deletes an organization with its admin's user and its collection. The commit decides: from it on the organization is
 * not found, name and email are free and its tokens are dead; the collection is dropped after it, by this call or, where
 * that fails, by the sweep.
 *
 * @param name selects the organization, in any spelling
 * @throws {TenantryError} organization_not_found, forbidden, not_authenticated, busy, storage_unavailable
 */
export async function deleteOrganization(
  tenancy: Tenancy,
  caller: Caller,
  name: string,
  origin: Origin,
): Promise<DeletedOrganization> {
  const end = commandEnd();
  const { id } = await byEnd(findLive(tenancy.records, name), end);
  return await deleteById(tenancy, id, { caller, origin, end });
}

/** Who deletes, and until when the answer is waited for. */
interface Asked {
  /** Undefined: the operator, who may delete any. */
  readonly caller?: Caller | undefined;
  readonly origin: Origin;
  readonly end?: number;
}

/** As `deleteOrganization`, of the organization with this id. @throws {TenantryError} as there */
export async function deleteById(
  tenancy: Tenancy,
  id: string,
  { caller, origin, end = commandEnd() }: Asked,
): Promise<DeletedOrganization> {
  const deleting = await decide(() => attempt(tenancy, caller, { id, origin, end }), end, tenancy.queueOf(id));
  const decidedAt = performance.now();
  tenancy.reach('delete.committed');
  let dropped: Usage | undefined;
  await within(tenancy, end, async () => {
    dropped = await finishDeletion(tenancy, deleting, decidedAt);
  });
  const erased = dropped && { ...dropped, collections: 1 + (deleting.collections ?? 0) };
  return { name: deleting.name, collection_name: deleting.collection_name, erased };
}

/** Commits the deletion and gives the record as it then stands. */
async function attempt(
  tenancy: Tenancy,
  caller: Caller | undefined,
  { id, origin, end }: { readonly id: string; readonly origin: Origin; readonly end: number },
): Promise<Organization | typeof moved> {
  const { records, now } = tenancy;
  const organization = await records.get(organizations, id);
  if (organization === undefined || !isLive(organization)) throw notFound();
  if (caller !== undefined && !isAdmin(caller, organization)) {
    throw new TenantryError('forbidden', 'Not authorized to delete this organization');
  }
  const admin = await records.get(users, organization.admin_user_id);
  // A deletion came between the two reads.
  if (admin === undefined) throw notFound();
  if (caller !== undefined) refuseDead(caller, admin);
  const isUncertain = organization.status === 'creating' || organization.creation_taken_over === true;
  const deleting: Organization = {
    ...organization,
    status: 'deleting',
    name_key: organization.id,
    deletion: holdDeletion(tenancy, isUncertain),
    updated_at: now().toISOString(),
  };
  const other = await findOther(records, organization);
  // Of two deletions at once that each leave the user to the other's organization, one decides again.
  const leave = other === undefined ? [remove(users, admin)] : [check(users, admin), check(organizations, other)];
  const told = recording(origin, id, { type: 'organization.deleted', data: { name: organization.name } }, now());
  const outcome = await records.commit([replace(organizations, deleting), ...leave, told], end);
  return outcome.result === 'done' ? { ...deleting, version: organization.version + 1 } : moved;
}

/** Another organization that needs the same admin. */
async function findOther(records: Records, { id, admin_user_id }: Organization): Promise<Organization | undefined> {
  const administered = await records.list(organizations, 'admin_user_id', { prefix: admin_user_id, limit: 1_000 });
  return administered.find((other) => other.id !== id && isLive(other));
}
