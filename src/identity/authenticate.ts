import { TenantryError } from '../errors.ts';
import type { Records } from '../store/records.ts';
import type { Claims, Tokens } from './tokens.ts';
import { type User, users } from './user.ts';

/** Who is asking: what the token says, and the user as stored now. */
export interface Authenticated {
  readonly claims: Claims;
  readonly user: User;
}

/**
 * Finds the user whose token this is. The token is dead where the user is gone or has got a new password since.
 *
 * @throws {TenantryError} not_authenticated; storage_unavailable
 */
export async function authenticate(
  records: Pick<Records, 'get'>,
  tokens: Tokens,
  token: string,
): Promise<Authenticated> {
  const claims = await tokens.check(token);
  const user = await records.get(users, claims.sub);
  if (user === undefined || user.generation !== claims.generation) {
    throw new TenantryError('not_authenticated', 'Not authenticated');
  }
  return { claims, user };
}
