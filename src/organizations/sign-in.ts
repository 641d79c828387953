import { TenantryError } from '../errors.ts';
import type { Origin } from '../events/origin.ts';
import { checkEmail, emailKey } from '../identity/email.ts';
import { checkPassword } from '../identity/passwords.ts';
import { type User, users } from '../identity/user.ts';
import { type Records, replace } from '../store/records.ts';
import { isLive, type Organization, organizations } from './organization.ts';
import { refuseIssues } from './refuse-issues.ts';
import type { Tenancy } from './tenancy.ts';

/** What an admin signs in with. */
export interface SignInRequest {
  readonly email: string;
  /** At most 1,024 characters. */
  readonly password: string;
}

/**
 * Signs an admin in to the organization that they administer. A failure costs the same work and says the same whether
 * the email is known or not. Failures of others delay the right password and never refuse it.
 *
 * @param address what the call is counted by, together with the account; it waits in a line of its own
 * @returns the access token
 * @throws {TenantryError} invalid_value, rate_limited, busy, stopping, invalid_credentials, storage_unavailable
 */
export async function signInAdmin(
  tenancy: Tenancy,
  request: SignInRequest,
  address: string,
  origin: Origin,
): Promise<string> {
  const { email, password } = request;
  refuseIssues({ email: checkEmail(email), password: checkPassword(password) });
  await countSignIn(tenancy, email, address);
  const user = await verifyUser(tenancy, request, { address, origin });
  const organization = await findAdministered(tenancy.records, user);
  // Not counted as a failure: whoever knows the password guesses nothing.
  if (organization === undefined) throw invalidCredentials();
  const by: Origin = { ...origin, actor: { type: 'user', id: user.id }, email: user.email };
  await tenancy.signInEvents.signedIn(organization.id, by);
  return tenancy.tokens.issue({
    sub: user.id,
    email: user.email,
    // As it was when the password was verified: where another has been set since, the token is dead.
    generation: user.generation,
    organization_id: organization.id,
    organization_name: organization.name,
  });
}

async function countSignIn({ limits, signInLimits }: Tenancy, email: string, address: string): Promise<void> {
  const standing = await limits.take(signInLimits.account, `${emailKey(email)} ${address}`);
  if (standing.allowed) return;
  throw new TenantryError('rate_limited', 'Too many log-ins to this account; try again later', {
    retryAfterSeconds: standing.resetSeconds,
    limited: { limit: signInLimits.account, standing },
  });
}

/** The user with this email and password, as stored before the password was verified. */
async function verifyUser(
  tenancy: Tenancy,
  { email, password }: SignInRequest,
  { address, origin }: { readonly address: string; readonly origin: Origin },
): Promise<User> {
  const { records, passwords, limits, signInLimits } = tenancy;
  const key = emailKey(email);
  if (!(await limits.look(signInLimits.failures, key)).allowed) await tenancy.delaySignIn();
  const user = await records.find(users, 'email_key', key);
  const { right, stale } = await passwords.verify(password, user?.password, address);
  if (user === undefined || !right) {
    await limits.take(signInLimits.failures, key);
    if (user !== undefined) tenancy.signInEvents.failed(user, origin);
    throw invalidCredentials();
  }
  if (stale) await rehash(tenancy, user, { password, address });
  return user;
}

/**
 * Stores the password under the present cost. The user is replaced at the version that was verified, so that a password
 * set meanwhile stays; and as it is no new password, tokens live on. Where it fails, the next log-in tries again.
 */
async function rehash(
  { passwords, records, log }: Tenancy,
  user: User,
  { password, address }: { password: string; address: string },
): Promise<void> {
  try {
    const hashed = { ...user, password: await passwords.hash(password, address) };
    const outcome = await records.commit([replace(users, hashed)]);
    if (outcome.result !== 'done') log.info({ user: user.id }, 'a password was not hashed again: its user was changed');
  } catch (error) {
    if (!(error instanceof TenantryError)) throw error;
    log.warn({ err: error, user: user.id }, 'a password could not be hashed again');
  }
}

/** The first organization, by age, that the user administers. */
async function findAdministered(records: Records, { id }: User): Promise<Organization | undefined> {
  const administered = await records.list(organizations, 'admin_user_id', { prefix: id, limit: 1_000 });
  return administered.find(isLive);
}

function invalidCredentials(): TenantryError {
  return new TenantryError('invalid_credentials', 'Invalid email or password');
}
