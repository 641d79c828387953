import { type Happening, recording, trails } from '../events/event.ts';
import { byService } from '../events/origin.ts';
import { decide, moved } from '../store/decide.ts';
import type { Usage } from '../store/documents.ts';
import { type Append, type Records, remove, replace } from '../store/records.ts';
import { type Collection, collectionKey, collections } from './collection.ts';
import { type Deletion, type Organization, organizations, placeOf } from './organization.ts';
import type { Tenancy } from './tenancy.ts';

const dayMilliseconds = 24 * 60 * 60 * 1_000;

/** How long a holder of a deletion may drop; after it another may take over. */
const holdMilliseconds = 30_000;

/** How long the name of a collection stays reserved where a drop or a make may still arrive at the database. */
const reservedMilliseconds = dayMilliseconds;

/**
 * A deletion that this instance holds from now on, once it is stored.
 *
 * @param uncertain whether the collection may be made or dropped by another after it was dropped by this one
 */
export function holdDeletion({ instance, now }: Pick<Tenancy, 'instance' | 'now'>, uncertain: boolean): Deletion {
  return { owner: instance, until: after(now(), holdMilliseconds), uncertain };
}

/**
 * Finishes a deletion that this instance holds: drops the collection, then removes the record; or, where the deletion is
 * uncertain, keeps it as `deleted`, so that no newcomer has the collection's name while a late drop may be under way.
 *
 * @param held the record as this instance wrote it when it took the deletion
 * @param decidedAt when the deletion was committed, in milliseconds of `performance.now()`; left out where that is long ago
 * @returns what was dropped; undefined where it is no longer this instance's
 * @throws {TenantryError} storage_unavailable: the drop was not answered; the sweep takes the deletion over
 */
export async function finishDeletion(
  tenancy: Tenancy,
  held: Organization,
  decidedAt?: number,
): Promise<Usage | undefined> {
  const { records, documents, now } = tenancy;
  const { deletion } = held;
  if (deletion === undefined || isOver(held, now())) return undefined;
  const dropped = await documents.dropCollection(placeOf(held));
  const uncertain = (await removeCollections(records, held)) || deletion.uncertain;
  tenancy.reach('delete.collection-dropped');
  const settled = uncertain
    ? replace(organizations, {
        ...held,
        status: 'deleted',
        deletion: reserve({ ...deletion, uncertain }, now()),
      })
    : remove(organizations, held);
  if (!uncertain && decidedAt !== undefined) await outlastReads(tenancy, held, decidedAt);
  // A conflict: another took the deletion over, and settles it.
  await records.commit([settled, ...(await toldOfErasing(tenancy, held, dropped))]);
  tenancy.reach('delete.settled');
  return dropped;
}

/** The last event of the organization's trail, told once: a collection may be dropped again a day later. */
async function toldOfErasing(
  { records, now, eventsDays }: Tenancy,
  { id, name, collections: others = 0 }: Organization,
  dropped: Usage,
): Promise<readonly Append[]> {
  const trail = await records.get(trails, id);
  if (trail?.expires_at !== undefined) return [];
  const happening: Happening = {
    type: 'organization.erased',
    data: { name, collections: 1 + others, documents: dropped.documents, bytes: dropped.bytes },
    expires_at: after(now(), eventsDays * dayMilliseconds),
  };
  return [recording(byService, id, happening, now())];
}

/** How long a call may take from when it was decided who calls to the end of its read; one that takes longer looks again. */
export const slowMilliseconds = 1_000;

/**
 * Waits until nobody reads any more who decided by what stood before the deletion: a new organization of the name may have
 * its collection once the record is gone. At the other levels documents are found by the organization's id.
 */
async function outlastReads({ recent, wait }: Tenancy, { placement }: Organization, decidedAt: number): Promise<void> {
  if (placement.level !== 'collection' || recent.milliseconds === 0) return;
  const left = decidedAt + recent.milliseconds + slowMilliseconds - performance.now();
  if (left > 0) await wait(left);
}

const pageSize = 100;

/** A deletion whose name stays reserved for as long as something may still arrive. */
export function reserve(deletion: Deletion, now: Date): Deletion {
  return { ...deletion, until: after(now, reservedMilliseconds) };
}

/**
 * Removes the records of the organization's collections, to which none is added any more.
 *
 * @returns whether a drop of one of them may still arrive
 */
async function removeCollections(records: Records, { id }: Organization): Promise<boolean> {
  let uncertain = false;
  for (;;) {
    const page: Collection[] = await records.list(collections, 'key', { prefix: collectionKey(id), limit: pageSize });
    if (page.length === 0) return uncertain;
    uncertain ||= page.some(({ deletion }) => deletion?.uncertain);
    // A conflict: another has changed or removed some of them.
    await records.commit(page.map((collection) => remove(collections, collection)));
  }
}

/**
 * Takes a deletion over whose time is up, and finishes it. Of one that is `deleting` the former holder may still drop,
 * so that it becomes uncertain. Of one that is `deleted` nothing can arrive any more: it is dropped once more and ends.
 *
 * @throws {TenantryError} storage_unavailable, busy
 */
export async function takeOverDeletion(tenancy: Tenancy, id: string): Promise<void> {
  const { records, now } = tenancy;
  const held = await decide(async (end) => {
    const organization = await records.get(organizations, id);
    if (organization === undefined || !isOver(organization, now())) return undefined;
    const deletion = holdDeletion(tenancy, organization.status === 'deleting');
    const taken: Organization = { ...organization, status: 'deleting', deletion };
    const outcome = await records.commit([replace(organizations, taken)], end);
    return outcome.result === 'done' ? { ...taken, version: taken.version + 1 } : moved;
  });
  if (held === undefined) return;
  tenancy.reach('delete.taken-over');
  await finishDeletion(tenancy, held);
}

/**
 * Whether a deletion may be taken over. A time that lies further ahead than it can was written under a clock that was
 * wrong, and would keep what is deleted for as long; twice the length leaves room for clocks that differ.
 */
export function isOver({ status, deletion }: Deletable, now: Date): boolean {
  if (deletion === undefined) return false;
  const left = Date.parse(deletion.until) - now.getTime();
  const length = status === 'deleting' ? holdMilliseconds : reservedMilliseconds;
  return left <= 0 || left > 2 * length;
}

/** What may be deleted, and by whom at the moment. */
interface Deletable {
  readonly status: string;
  readonly deletion?: Deletion;
}

/** RFC 3339. */
function after(now: Date, milliseconds: number): string {
  return new Date(now.getTime() + milliseconds).toISOString();
}
