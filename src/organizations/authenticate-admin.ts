import { TenantryError } from '../errors.ts';
import { authenticate } from '../identity/authenticate.ts';
import { isLive, type Organization, organizations } from './organization.ts';
import type { Tenancy } from './tenancy.ts';

/** Who makes a call: a user, signed in to one organization. */
export interface Caller {
  readonly user_id: string;
  readonly organization_id: string;
}

/**
 * The caller whose token this is. It is dead when its user's password changed or its organization is gone.
 *
 * @throws {TenantryError} not_authenticated, storage_unavailable
 */
export async function authenticateAdmin({ records, tokens }: Tenancy, token: string): Promise<Caller> {
  const { claims, user } = await authenticate(records, tokens, token);
  const organization = await records.get(organizations, claims.organization_id);
  if (organization === undefined || !isLive(organization)) {
    throw new TenantryError('not_authenticated', 'Not authenticated');
  }
  return { user_id: user.id, organization_id: organization.id };
}

/** Whether the caller is the admin of this organization, by a token for it. */
export function isAdmin(caller: Caller, organization: Organization): boolean {
  return caller.organization_id === organization.id && caller.user_id === organization.admin_user_id;
}
