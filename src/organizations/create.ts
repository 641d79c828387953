import { type Happening, recording } from '../events/event.ts';
import type { Origin } from '../events/origin.ts';
import { refuseKept } from '../idempotency/refuse-kept.ts';
import { checkEmail, emailKey } from '../identity/email.ts';
import { checkNewPassword } from '../identity/passwords.ts';
import { newUserId, type PasswordHash, type User, users } from '../identity/user.ts';
import type { PlacementRequest } from '../placement/places.ts';
import { byEnd, commandEnd, decide, moved } from '../store/decide.ts';
import { type Change, insert, type Records } from '../store/records.ts';
import { collectionNames } from './collection-name.ts';
import { finishCreation } from './finish-creation.ts';
import { checkName, nameKey, storedName } from './name.ts';
import {
  newOrganizationId,
  type Organization,
  type OrganizationView,
  organizations,
  type Placement,
  viewOf,
} from './organization.ts';
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

/** An organization that was created, as it was decided, and its admin. */
export interface CreatedOrganization {
  readonly organization: Organization;
  readonly admin: User;
}

/** How a creation differs from that of the reference API. */
export interface CreateOptions {
  /** What the caller calls the values: paths in its body, for what is told of them. */
  readonly members?: Readonly<Record<keyof CreateRequest, string>>;
  /** Where its documents are to be; what is left out is the installation's choice. */
  readonly placement?: PlacementRequest | undefined;
  /** Who asks for the hash of the password (`Passwords`). */
  readonly line?: string | undefined;
  /** Changes that come first in the commit, made of what it will have created. */
  readonly also?: (created: CreatedOrganization) => readonly Change[];
}

const referenceMembers = { organization_name: 'organization_name', email: 'email', password: 'password' } as const;

/**
 * Creates an organization with its admin, as the reference API does and shows it (`createWithAdmin`).
 *
 * @param address where the call came from, whose hashes wait in a line of their own
 */
export async function createOrganization(
  tenancy: Tenancy,
  request: CreateRequest,
  origin: Origin,
  address?: string,
): Promise<OrganizationView> {
  const { organization, admin } = await createWithAdmin(tenancy, request, origin, { line: address });
  return viewOf(organization, admin.email);
}

/**
 * Creates an organization with its admin. The commit of both decides; the collection is made after it, by this call or,
 * where that fails, by the sweep, so that the answer is then the success.
 *
 * @throws {TenantryError} invalid_value, organization_name_taken, email_taken, busy, stopping, storage_unavailable
 */
export async function createWithAdmin(
  tenancy: Tenancy,
  request: CreateRequest,
  origin: Origin,
  { members = referenceMembers, also = () => [], placement = {}, line }: CreateOptions = {},
): Promise<CreatedOrganization> {
  refuseIssues({
    [members.organization_name]: checkName(request.organization_name),
    [members.email]: checkEmail(request.email),
    [members.password]: checkNewPassword(request.password),
    ...tenancy.places.check(placement),
  });
  await byEnd(refuseTaken(tenancy.records, request), commandEnd());
  const password = await tenancy.passwords.hash(request.password, line);
  tenancy.reach('create.hashed');
  const end = commandEnd();
  const created = await decide(
    () => attempt(tenancy, request, { password, origin, also, wanted: placement, end }),
    end,
    tenancy.queueOf(`name ${nameKey(request.organization_name)}`),
  );
  tenancy.reach('create.committed');
  await within(tenancy, end, () => finishCreation(tenancy, created.organization));
  return created;
}

/** Tells early what the unique indexes would tell: before a hash, and before room is taken for what has no chance. */
async function refuseTaken(records: Records, { organization_name, email }: CreateRequest): Promise<void> {
  if ((await records.find(organizations, 'name_key', nameKey(organization_name))) !== undefined) throw nameTaken();
  if ((await records.find(users, 'email_key', emailKey(email))) !== undefined) throw emailTaken();
}

interface Decided {
  readonly origin: Origin;
  readonly also: (created: CreatedOrganization) => readonly Change[];
  readonly wanted: PlacementRequest;
  readonly password: PasswordHash;
  readonly end: number;
}

async function attempt(
  tenancy: Tenancy,
  request: CreateRequest,
  { password, origin, also, wanted, end }: Decided,
): Promise<CreatedOrganization | typeof moved> {
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
  const id = newOrganizationId();
  const place = await tenancy.places.assign({ ...wanted, organization: id });
  let created: CreatedOrganization | undefined;
  try {
    const name = storedName(request.organization_name);
    created = await insertInto(tenancy, { ...place, epoch: 1 }, { id, name, admin, origin, also, end });
  } finally {
    // Also where the commit's answer was lost: if it was done, the place holds one more than its bound.
    if (created === undefined) tenancy.places.release(place);
  }
  return created ?? moved;
}

interface Inserted extends Pick<Decided, 'origin' | 'also' | 'end'>, Pick<Organization, 'id' | 'name'> {
  readonly admin: User;
}

/** Commits both; undefined where another took the collection's name first: another id gives another suffix. */
async function insertInto(
  tenancy: Tenancy,
  placement: Placement,
  { id, name, admin, origin, also, end }: Inserted,
): Promise<CreatedOrganization | undefined> {
  const collection_name = await freeCollectionName(tenancy, placement, { id, name });
  if (collection_name === undefined) return undefined;
  const organization: Organization = {
    id,
    version: 1,
    name,
    name_key: nameKey(name),
    collection_name,
    admin_user_id: admin.id,
    status: 'creating',
    placement,
    collections: 0,
    created_at: admin.created_at,
    updated_at: admin.created_at,
  };
  const created = { organization, admin };
  const { level, cluster } = placement;
  const happening: Happening = {
    type: 'organization.created',
    data: { name, collection_name, placement: { level, cluster }, admin_user_id: admin.id },
    personal: { admin_email: admin.email },
  };
  const changes = [
    ...also(created),
    insert(organizations, organization),
    insert(users, admin),
    recording(origin, id, happening, tenancy.now()),
  ];
  const outcome = await tenancy.records.commit(changes, end);
  refuseKept(outcome);
  refuseDuplicate(outcome);
  return outcome.result === 'done' ? created : undefined;
}

/** The first name that nobody has, neither an organization nor a collection that others made. */
async function freeCollectionName(
  { records, documents, log }: Tenancy,
  place: Placement,
  { id, name }: Pick<Organization, 'id' | 'name'>,
): Promise<string | undefined> {
  const { plain, suffixed } = collectionNames(name, id);
  for (const candidate of plain === undefined ? [suffixed] : [plain, suffixed]) {
    if ((await records.find(organizations, 'collection_name', candidate)) !== undefined) continue;
    // Of the other levels nothing goes by this name but the organization.
    if (place.level !== 'collection' || !(await documents.hasCollection(place, candidate))) return candidate;
    log.warn({ collection: candidate }, 'a collection belongs to no organization; a new one gets another name');
  }
  return undefined;
}
