import { TenantryError } from '../errors.ts';
import type { RecentRecords } from '../store/recent-records.ts';
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
  records: Pick<RecentRecords, 'get'>,
  tokens: Tokens,
  token: string,
): Promise<Authenticated> {
  const claims = await tokens.check(token);
  const isAlive = ({ generation }: User) => generation === claims.generation;
  const user = await records.get(users, claims.sub, isAlive);
  if (user === undefined || !isAlive(user)) {
    throw new TenantryError('not_authenticated', 'Not authenticated');
  }
  return { claims, user };
}
