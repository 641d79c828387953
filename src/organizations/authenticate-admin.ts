import { TenantryError } from '../errors.ts';
import { authenticate } from '../identity/authenticate.ts';
import type { Tokens } from '../identity/tokens.ts';
import type { User } from '../identity/user.ts';
import { byEnd, commandEnd } from '../store/decide.ts';
import type { RecentRecords } from '../store/recent-records.ts';
import { isLive, type Organization, organizations } from './organization.ts';
import type { Tenancy } from './tenancy.ts';

/** Who makes a call: a user, signed in to one organization. */
export interface Caller {
  readonly user_id: string;
  /** The user's, as it was when the call began. */
  readonly email: string;
  /** The user's generation when the call began. */
  readonly generation: number;
  readonly organization_id: string;
}

/** A caller, and the organization that the token is for, as both were read. */
export interface SignedInCaller {
  readonly caller: Caller;
  /** Tells the token from all others. */
  readonly tokenId: string;
  readonly organization: Organization;
}

/**
 * The caller whose token this is, with the organization. It is dead when its user's password changed or its organization is
 * gone.
 *
 * @param reads by which user and organization are found
 * @throws {TenantryError} not_authenticated, storage_unavailable
 */
export function authenticateFor(
  { tokens }: Pick<Tenancy, 'tokens'>,
  reads: RecentRecords,
  token: string,
): Promise<SignedInCaller> {
  return byEnd(findCaller(tokens, reads, token), commandEnd());
}

async function findCaller(tokens: Tokens, reads: RecentRecords, token: string): Promise<SignedInCaller> {
  const { claims, user } = await authenticate(reads, tokens, token);
  const organization = await reads.get(organizations, claims.organization_id, isLive);
  if (organization === undefined || !isLive(organization)) throw notAuthenticated();
  const caller = { user_id: user.id, email: user.email, generation: user.generation, organization_id: organization.id };
  return { caller, organization, tokenId: claims.jti };
}

/** Whether the caller is the admin of this organization, by a token for it. */
export function isAdmin(caller: Caller, organization: Organization): boolean {
  return caller.organization_id === organization.id && caller.user_id === organization.admin_user_id;
}

/**
 * Refuses a caller whose token died while the call was under way: it may have waited for a hash, and must not undo the
 * password that was set to shut its holder out.
 *
 * @throws {TenantryError} not_authenticated
 */
export function refuseDead({ generation }: Caller, user: User): void {
  if (generation !== user.generation) throw notAuthenticated();
}

function notAuthenticated(): TenantryError {
  return new TenantryError('not_authenticated', 'Not authenticated');
}
