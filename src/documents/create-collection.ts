import { TenantryError } from '../errors.ts';
import { recording } from '../events/event.ts';
import type { Origin } from '../events/origin.ts';
import { keptMilliseconds } from '../idempotency/idempotency-key.ts';
import { keysFull } from '../idempotency/keys-full.ts';
import { refuseKept } from '../idempotency/refuse-kept.ts';
import {
  type Collection,
  collectionKey,
  collections,
  defaultCollection,
  newCollectionId,
} from '../organizations/collection.ts';
import { notFound } from '../organizations/find-live.ts';
import { isLive, type Organization, organizations } from '../organizations/organization.ts';
import { refuseIssues } from '../organizations/refuse-issues.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import { commandEnd, decide, moved } from '../store/decide.ts';
import { type Change, insert, replace } from '../store/records.ts';

const collectionName = /^[a-z][a-z0-9_]{0,62}$/;

/** A collection as it is shown. */
export interface CollectionView {
  readonly name: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly created_at: string;
}

/** Changes that come first in the commit, made of what it will have created. */
type Also = (created: CollectionView) => readonly Change[];

/**
 * Creates a collection. It is there from the commit on; what it needs in the database comes with its first document.
 *
 * Bounds of clusters are compared with what stands there, which this is only with its first document: those that are
 * created and still empty may pass them.
 *
 * @throws {TenantryError} invalid_value, collection_exists, quota_exceeded, idempotency_keys_full, organization_not_found,
 *   clusters_full, busy, storage_unavailable
 */
export function createCollection(
  tenancy: Tenancy,
  { id }: Pick<Organization, 'id'>,
  name: string,
  origin: Origin,
  also: Also = () => [],
): Promise<CollectionView> {
  refuseIssues({
    name: collectionName.test(name) ? undefined : 'must be 1 to 63 of a-z 0-9 _, and begin with a letter',
  });
  return decide((end) => attempt(tenancy, id, { name, origin, also, end }), commandEnd(), tenancy.queueOf(id));
}

interface Asked {
  readonly name: string;
  readonly origin: Origin;
  readonly also: Also;
  readonly end: number;
}

async function attempt(
  tenancy: Tenancy,
  organizationId: string,
  { name, origin, also, end }: Asked,
): Promise<CollectionView | typeof moved> {
  const { records, places, now } = tenancy;
  const organization = await records.get(organizations, organizationId);
  if (organization === undefined || !isLive(organization)) throw notFound();
  const key = collectionKey(organizationId, name);
  const standing = name === defaultCollection || (await records.find(collections, 'key', key));
  if (standing) throw collectionExists(typeof standing === 'object' && standing.status !== 'active');
  const count = organization.collections ?? 0;
  const bound = collectionBound(tenancy, organization);
  if (count + 1 >= bound) {
    throw new TenantryError(
      'quota_exceeded',
      `The organization may not have more collections: it has ${count + 1} of ${bound}`,
    );
  }
  const collection: Collection = {
    id: newCollectionId(),
    version: 1,
    organization_id: organizationId,
    name,
    key,
    status: 'active',
    created_at: now().toISOString(),
  };
  const kept = also(viewOfCollection(collection));
  const keyed = kept.length > 0 && { keyed_creations: oneMore(tenancy, organization) };
  const changed = { ...organization, collections: count + 1, ...keyed };
  const giveUpRoom = await places.keepCollection(organization.placement);
  let isDone = false;
  try {
    const told = recording(origin, organizationId, { type: 'collection.created', data: { name } }, now());
    const outcome = await records.commit(
      [...kept, replace(organizations, changed), insert(collections, collection), told],
      end,
    );
    isDone = outcome.result === 'done';
    refuseKept(outcome);
  } finally {
    if (!isDone) giveUpRoom();
  }
  return isDone ? viewOfCollection(collection) : moved;
}

/** Within a day; as many again may be remembered from the day before. */
const mostKeyedCreations = 1_000;

/** A creation is remembered for its key when its collection is long gone. @throws {TenantryError} idempotency_keys_full */
function oneMore({ keptBound, now }: Tenancy, { keyed_creations: before }: Organization) {
  const at = now();
  const isOver = before === undefined || Date.parse(before.since) + keptMilliseconds <= at.getTime();
  const { since, count } = isOver ? { since: at.toISOString(), count: 0 } : before;
  if (count >= Math.min(keptBound.answers, mostKeyedCreations)) throw keysFull();
  return { since, count: count + 1 };
}

/** How many collections an organization may have, `default` among them. */
export function collectionBound({ documentLimits }: Tenancy, { quotas }: Organization): number {
  return quotas?.collections ?? documentLimits.collections;
}

/** Shows a collection. */
export function viewOfCollection({ name, created_at }: Pick<Collection, 'name' | 'created_at'>): CollectionView {
  return { name, created_at };
}

function collectionExists(isDeleting: boolean): TenantryError {
  return new TenantryError(
    'collection_exists',
    isDeleting ? 'The collection of this name is still being deleted' : 'Collection already exists',
  );
}
