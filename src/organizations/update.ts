import { TenantryError } from '../errors.ts';
import { type Happening, recording } from '../events/event.ts';
import type { Origin } from '../events/origin.ts';
import { checkEmail, emailKey } from '../identity/email.ts';
import { checkNewPassword } from '../identity/passwords.ts';
import { type PasswordHash, type User, users } from '../identity/user.ts';
import { byEnd, commandEnd, decide, moved } from '../store/decide.ts';
import { type Change, check, replace } from '../store/records.ts';
import { type Caller, isAdmin, refuseDead } from './authenticate-admin.ts';
import { findLive, isUnchanged, notFound } from './find-live.ts';
import { checkName, nameKey, storedName } from './name.ts';
import { isLive, type Organization, type OrganizationView, organizations, viewOf } from './organization.ts';
import { refuseIssues } from './refuse-issues.ts';
import { emailTaken, nameTaken, refuseDuplicate } from './taken.ts';
import type { Tenancy } from './tenancy.ts';

/** What an update changes; what is absent stays. */
export interface UpdateRequest {
  /** Selects the organization, in any spelling. */
  readonly organization_name: string;
  readonly new_organization_name?: string | undefined;
  readonly email?: string | undefined;
  /** A password that is given ends the tokens, also where it is the same again. */
  readonly password?: string | undefined;
}

/**
 * Changes an organization's name and its admin's email and password, in one commit. Its collection keeps its name; its
 * tokens stay alive unless a password is given.
 *
 * @throws {TenantryError} invalid_value, organization_not_found, forbidden, organization_name_taken, email_taken,
 *   not_authenticated, busy, stopping, storage_unavailable
 */
export async function updateOrganization(
  tenancy: Tenancy,
  caller: Caller,
  request: UpdateRequest,
  origin: Origin,
): Promise<OrganizationView> {
  refuseInvalid(request);
  const found = await byEnd(look(tenancy, caller, request), commandEnd());
  const password =
    request.password === undefined ? undefined : await tenancy.passwords.hash(request.password, caller.user_id);
  const view = await decide(
    (end) => attempt(tenancy, caller, { id: found.id, request, password, origin, end }),
    commandEnd(),
    tenancy.queueOf(found.id),
  );
  tenancy.reach('update.committed');
  return view;
}

/** What can be told before a hash is made. */
async function look(tenancy: Tenancy, caller: Caller, request: UpdateRequest): Promise<Organization> {
  const found = await findLive(tenancy.records, request.organization_name);
  refuseOthers(caller, found);
  await refuseTaken(tenancy, found, request);
  return found;
}

function refuseInvalid({ email, password, new_organization_name }: UpdateRequest): void {
  refuseIssues({
    email: email === undefined ? undefined : checkEmail(email),
    password: password === undefined ? undefined : checkNewPassword(password),
    new_organization_name: new_organization_name === undefined ? undefined : checkName(new_organization_name),
  });
}

function refuseOthers(caller: Caller, organization: Organization): void {
  if (!isAdmin(caller, organization)) {
    throw new TenantryError('forbidden', 'Not authorized to update this organization');
  }
}

/** Saves a hash where the answer is known already; the unique indexes decide. */
async function refuseTaken(
  { records }: Tenancy,
  own: Organization,
  { new_organization_name, email }: UpdateRequest,
): Promise<void> {
  if (new_organization_name !== undefined) {
    const other = await records.find(organizations, 'name_key', nameKey(new_organization_name));
    if (other !== undefined && other.id !== own.id) throw nameTaken();
  }
  if (email !== undefined) {
    const other = await records.find(users, 'email_key', emailKey(email));
    if (other !== undefined && other.id !== own.admin_user_id) throw emailTaken();
  }
}

interface Decided {
  readonly id: string;
  readonly request: UpdateRequest;
  readonly password: PasswordHash | undefined;
  readonly origin: Origin;
  readonly end: number;
}

async function attempt(
  { records, now }: Tenancy,
  caller: Caller,
  { id, request, password, origin, end }: Decided,
): Promise<OrganizationView | typeof moved> {
  const organization = await records.get(organizations, id);
  if (organization === undefined || !isLive(organization)) throw notFound();
  refuseOthers(caller, organization);
  const admin = await records.get(users, organization.admin_user_id);
  // A deletion came between the two reads.
  if (admin === undefined) throw notFound();
  refuseDead(caller, admin);
  const renamed = rename(organization, request, now);
  const changed = changeAdmin(admin, request, { password, now });
  const view = viewOf(renamed, changed.email);
  if (renamed === organization && changed === admin) {
    return (await isUnchanged(records, organization)) ? view : moved;
  }
  const changes = changesOf([organization, renamed], [admin, changed]);
  const told = happenings([organization, renamed], [admin, changed]);
  const outcome = await records.commit([...changes, ...told.map((each) => recording(origin, id, each, now()))], end);
  refuseDuplicate(outcome);
  return outcome.result === 'done' ? view : moved;
}

/** Also what stays is checked: the caller is the admin, and their token alive, at the moment of the commit. */
function changesOf(
  [organization, renamed]: readonly [Organization, Organization],
  [admin, changed]: readonly [User, User],
): readonly Change[] {
  return [
    // The organization comes first: of a name and an email that are both taken, the name is told.
    renamed === organization ? check(organizations, organization) : replace(organizations, renamed),
    changed === admin ? check(users, admin) : replace(users, changed),
  ];
}

function happenings(
  [organization, renamed]: readonly [Organization, Organization],
  [admin, changed]: readonly [User, User],
): readonly Happening[] {
  const told: Happening[] = [];
  if (renamed !== organization) {
    const data = { before: { name: organization.name }, after: { name: renamed.name } };
    told.push({ type: 'organization.renamed', data });
  }
  const data = { user_id: admin.id };
  if (changed.email !== admin.email) {
    const personal = { before: { email: admin.email }, after: { email: changed.email } };
    told.push({ type: 'user.email_changed', data, personal });
  }
  if (changed.generation !== admin.generation) told.push({ type: 'user.password_changed', data });
  return told;
}

function rename(organization: Organization, { new_organization_name }: UpdateRequest, now: () => Date): Organization {
  if (new_organization_name === undefined) return organization;
  const name = storedName(new_organization_name);
  if (name === organization.name) return organization;
  return { ...organization, name, name_key: nameKey(name), updated_at: now().toISOString() };
}

function changeAdmin(
  admin: User,
  { email = admin.email }: UpdateRequest,
  { password, now }: { password: PasswordHash | undefined; now: () => Date },
): User {
  if (password === undefined && email === admin.email) return admin;
  const renewed = { ...admin, email, email_key: emailKey(email), updated_at: now().toISOString() };
  return password === undefined ? renewed : { ...renewed, password, generation: admin.generation + 1 };
}
