import { checkEmail, emailKey } from '../identity/email.ts';
import { checkNewPassword } from '../identity/passwords.ts';
import { newUserId, type PasswordHash, type User, users } from '../identity/user.ts';
import { byEnd, commandEnd, decide, moved } from '../store/decide.ts';
import type { Place } from '../store/documents.ts';
import { insert, type Records } from '../store/records.ts';
import { collectionNames } from './collection-name.ts';
import { finishCreation } from './finish-creation.ts';
import { checkName, nameKey, storedName } from './name.ts';
import { newOrganizationId, type Organization, type OrganizationView, organizations, viewOf } from './organization.ts';
import { refuseIssues } from './refuse-issues.ts';
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
  refuseIssues({
    organization_name: checkName(request.organization_name),
    email: checkEmail(request.email),
    password: checkNewPassword(request.password),
  });
  await byEnd(refuseTaken(tenancy.records, request), commandEnd());
  const password = await tenancy.passwords.hash(request.password);
  tenancy.reach('create.hashed');
  const end = commandEnd();
  const organization = await decide(() => attempt(tenancy, request, { password, end }), end);
  tenancy.reach('create.committed');
  await within(tenancy, end, () => finishCreation(tenancy, organization));
  return viewOf(organization, request.email);
}

/** Tells early what the unique indexes would tell: before a hash, and before room is taken for what has no chance. */
async function refuseTaken(records: Records, { organization_name, email }: CreateRequest): Promise<void> {
  if ((await records.find(organizations, 'name_key', nameKey(organization_name))) !== undefined) throw nameTaken();
  if ((await records.find(users, 'email_key', emailKey(email))) !== undefined) throw emailTaken();
}

async function attempt(
  tenancy: Tenancy,
  request: CreateRequest,
  { password, end }: { readonly password: PasswordHash; readonly end: number },
): Promise<Organization | typeof moved> {
  await refuseTaken(tenancy.records, request);
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
  const place = await tenancy.documents.assignPlace();
  let created: Organization | undefined;
  try {
    created = await insertInto(tenancy, place, { name: storedName(request.organization_name), admin, end });
  } finally {
    // Also where the commit's answer was lost: if it was done, the place holds one more than its bound.
    if (created === undefined) tenancy.documents.releasePlace(place);
  }
  return created ?? moved;
}

/** Commits both; undefined where another took the collection's name first: another id gives another suffix. */
async function insertInto(
  tenancy: Tenancy,
  place: Place,
  { name, admin, end }: { readonly name: string; readonly admin: User; readonly end: number },
): Promise<Organization | undefined> {
  const id = newOrganizationId();
  const collection_name = await freeCollectionName(tenancy, place, { id, name });
  if (collection_name === undefined) return undefined;
  const organization: Organization = {
    id,
    version: 1,
    name,
    name_key: nameKey(name),
    collection_name,
    admin_user_id: admin.id,
    status: 'creating',
    placement: { level: 'collection', ...place, epoch: 1 },
    created_at: admin.created_at,
    updated_at: admin.created_at,
  };
  const outcome = await tenancy.records.commit([insert(organizations, organization), insert(users, admin)], end);
  refuseDuplicate(outcome);
  return outcome.result === 'done' ? organization : undefined;
}

/** The first name that nobody has, neither an organization nor a collection that others made. */
async function freeCollectionName(
  { records, documents, log }: Tenancy,
  place: Place,
  { id, name }: Pick<Organization, 'id' | 'name'>,
): Promise<string | undefined> {
  const { plain, suffixed } = collectionNames(name, id);
  for (const candidate of plain === undefined ? [suffixed] : [plain, suffixed]) {
    if ((await records.find(organizations, 'collection_name', candidate)) !== undefined) continue;
    if (!(await documents.hasCollection(place, candidate))) return candidate;
    log.warn({ collection: candidate }, 'a collection belongs to no organization; a new one gets another name');
  }
  return undefined;
}
