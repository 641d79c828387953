import { TenantryError, type ValueIssue } from '../errors.ts';
import { checkEmail, emailKey } from '../identity/email.ts';
import { checkNewPassword } from '../identity/passwords.ts';
import { newUserId, type PasswordHash, type User, users } from '../identity/user.ts';
import { commandMilliseconds, decide, moved } from '../store/decide.ts';
import { insert, type Records } from '../store/records.ts';
import { collectionNames } from './collection-name.ts';
import { finishCreation } from './finish-creation.ts';
import { checkName, nameKey, storedName } from './name.ts';
import { newOrganizationId, type Organization, type OrganizationView, organizations, viewOf } from './organization.ts';
import { emailTaken, nameTaken, refuseDuplicate } from './taken.ts';
import type { Tenancy } from './tenancy.ts';
import { within } from './within.ts';

/** What a sign-up gives. */
export interface CreateRequest {
  /** 3 to 50 characters when trimmed. */
  readonly organization_name: string;
  readonly email: string;
  /** 8 to 1,024 characters. */
  readonly password: string;
}

/**
 * Creates an organization with its admin. The commit of both decides; the collection is made after it, by this call or,
 * where that fails, by the sweep, so that the answer is then the success.
 *
 * @throws {TenantryError} invalid_value, organization_name_taken, email_taken, busy, stopping, storage_unavailable
 */
export async function createOrganization(tenancy: Tenancy, request: CreateRequest): Promise<OrganizationView> {
  refuseInvalid(request);
  await refuseTaken(tenancy.records, request);
  const password = await tenancy.passwords.hash(request.password);
  tenancy.reach('create.hashed');
  const organization = await decide(() => attempt(tenancy, request, password));
  tenancy.reach('create.committed');
  await within(commandMilliseconds, tenancy.log, () => finishCreation(tenancy, organization));
  return viewOf(organization, request.email);
}

function refuseInvalid({ organization_name, email, password }: CreateRequest): void {
  const details = { organization_name: checkName(organization_name), email: checkEmail(email), password: checkNewPassword(password) };
  const issues: ValueIssue[] = Object.entries(details).flatMap(([member, detail]) => (detail === undefined ? [] : [{ member, detail }]));
  if (issues.length > 0) throw new TenantryError('invalid_value', 'A value breaks a rule', { issues });
}

/** Saves a hash where the answer is known already; the unique indexes decide. */
async function refuseTaken(records: Records, { organization_name, email }: CreateRequest): Promise<void> {
  if ((await records.find(organizations, 'name_key', nameKey(organization_name))) !== undefined) throw nameTaken();
  if ((await records.find(users, 'email_key', emailKey(email))) !== undefined) throw emailTaken();
}

async function attempt(
  tenancy: Tenancy,
  request: CreateRequest,
  password: PasswordHash,
): Promise<Organization | typeof moved> {
  const place = await tenancy.documents.assignPlace();
  const created_at = tenancy.now().toISOString();
  const admin: User = {
    id: newUserId(),
    version: 1,
    email: request.email,
    email_key: emailKey(request.email),
    password,
    generation: 1,
    created_at,
    updated_at: created_at,
  };
  const id = newOrganizationId();
  const organization: Organization = {
    id,
    version: 1,
    name: storedName(request.organization_name),
    name_key: nameKey(request.organization_name),
    collection_name: await freeCollectionName(tenancy, { id, name: storedName(request.organization_name), place }),
    admin_user_id: admin.id,
    status: 'creating',
    placement: { level: 'collection', ...place, epoch: 1 },
    created_at,
    updated_at: created_at,
  };
  const outcome = await tenancy.records.commit([insert(organizations, organization), insert(users, admin)]);
  if (outcome.result === 'done') return organization;
  tenancy.documents.releasePlace(place);
  refuseDuplicate(outcome);
  // Another creation took the collection's name meanwhile; the next attempt has another id, and so another suffix.
  return moved;
}

/** The plain name where nobody has it, neither an organization nor a collection that others made; else with a suffix. */
async function freeCollectionName(
  { records, documents, log }: Tenancy,
  { id, name, place }: { id: string; name: string; place: Organization['placement'] | { cluster: string; database: string } },
): Promise<string> {
  const { plain, suffixed } = collectionNames(name, id);
  if (plain === undefined) return suffixed;
  if ((await records.find(organizations, 'collection_name', plain)) !== undefined) return suffixed;
  if (!(await documents.hasCollection(place, plain))) return plain;
  log.warn({ collection: plain, given: suffixed }, 'a collection of that name belongs to no organization; another name is given');
  return suffixed;
}
