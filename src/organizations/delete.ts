import { TenantryError } from '../errors.ts';
import { users } from '../identity/user.ts';
import { commandMilliseconds, decide, moved } from '../store/decide.ts';
import { type Change, type Records, remove, replace } from '../store/records.ts';
import { type Caller, isAdmin } from './authenticate-admin.ts';
import { findLive, notFound } from './find-live.ts';
import { finishDeletion, holdUntil } from './finish-deletion.ts';
import { isLive, type Organization, organizations } from './organization.ts';
import type { Tenancy } from './tenancy.ts';
import { within } from './within.ts';

/** What was deleted. */
export interface DeletedOrganization {
  /** As it was stored. */
  readonly name: string;
  readonly collection_name: string;
}

/**
 * Deletes an organization with its admin's user and its collection. The commit decides: from it on the organization is
 * not found, name and email are free and its tokens are dead; the collection is dropped after it, by this call or, where
 * that fails, by the sweep.
 *
 * @throws {TenantryError} organization_not_found, forbidden, busy, storage_unavailable
 */
export async function deleteOrganization(tenancy: Tenancy, caller: Caller, name: string): Promise<DeletedOrganization> {
  const found = await findLive(tenancy.records, name);
  refuseOthers(caller, found);
  const deleting = await decide(() => attempt(tenancy, caller, found.id));
  tenancy.reach('delete.committed');
  await within(commandMilliseconds, tenancy.log, () => finishDeletion(tenancy, deleting));
  return { name: deleting.name, collection_name: deleting.collection_name };
}

function refuseOthers(caller: Caller, organization: Organization): void {
  if (!isAdmin(caller, organization)) throw new TenantryError('forbidden', 'Not authorized to delete this organization');
}

/** Commits the deletion and gives the record as it then stands. */
async function attempt(tenancy: Tenancy, caller: Caller, id: string): Promise<Organization | typeof moved> {
  const { records, now, instance } = tenancy;
  const organization = await records.get(organizations, id);
  if (organization === undefined || !isLive(organization)) throw notFound();
  refuseOthers(caller, organization);
  const deleting: Organization = {
    ...organization,
    status: 'deleting',
    name_key: organization.id,
    deletion: { owner: instance, until: holdUntil(now()), uncertain: organization.status === 'creating' },
    updated_at: now().toISOString(),
  };
  const outcome = await records.commit([replace(organizations, deleting), ...(await removeAdmin(records, organization))]);
  return outcome.result === 'done' ? { ...deleting, version: organization.version + 1 } : moved;
}

/** Removes the admin's user, unless it is the admin of another organization too. */
async function removeAdmin(records: Records, { id, admin_user_id }: Organization): Promise<Change[]> {
  const administered = await records.list(organizations, 'admin_user_id', { prefix: admin_user_id, limit: 1_000 });
  if (administered.some((other) => other.id !== id && isLive(other))) return [];
  const admin = await records.get(users, admin_user_id);
  return admin === undefined ? [] : [remove(users, admin)];
}
