import { setImmediate } from 'node:timers/promises';
import { recording } from '../events/event.ts';
import { byService } from '../events/origin.ts';
import { type Collection, collections } from '../organizations/collection.ts';
import { holdDeletion, isOver, reserve } from '../organizations/finish-deletion.ts';
import { isLive, organizations, placeOf } from '../organizations/organization.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import { commandEnd, decide, moved } from '../store/decide.ts';
import type { TenantPlace, Usage } from '../store/documents.ts';
import { remove, replace } from '../store/records.ts';
import { sliceSize } from './empty.ts';
import { holdCollection } from './hold-collection.ts';

/**
 * Finishes a deletion that this instance holds: raises the epoch of the slots, removes the documents, verifies that none is
 * left, drops what else stands and removes the record; or, where a drop of an earlier holder may still arrive, keeps it as
 * `deleted`, so that it hits no newcomer of the name.
 *
 * @param held the record as this instance wrote it when it took the deletion
 * @returns what was removed; undefined where it is no longer this instance's
 * @throws {TenantryError} storage_unavailable, busy: the sweep takes it over
 */
export async function finishCollectionDeletion(tenancy: Tenancy, held: Collection): Promise<Usage | undefined> {
  const { documents } = tenancy;
  const place = await heldPlace(tenancy, held);
  if (place === undefined) return undefined;
  await documents.raiseEpoch(place);
  tenancy.reach('collection.raised');
  const usage = await documents.usage(place, held.name);
  const removed = await emptied(tenancy, held);
  if (removed === undefined) return undefined;
  const { documents: left } = await documents.list(place, held.name, { direction: 'ascending', limit: 1, bytes: 1 });
  if (left.length > 0) throw new Error(`${held.key} has documents after it was emptied`);
  tenancy.reach('collection.emptied');
  const last = await dropped(tenancy, held);
  if (last === undefined) return undefined;
  await documents.forgetCollection(place, held.name);
  const erased = { documents: removed, bytes: Math.max(0, usage.bytes) };
  await settle(tenancy, last, { uncertain: held.deletion?.uncertain ?? false, erased });
  tenancy.reach('collection.removed');
  return erased;
}

/** The organization's place, as long as the deletion is this instance's; read anew, since any deletion raises the epoch. */
async function heldPlace({ records, now }: Tenancy, held: Collection): Promise<TenantPlace | undefined> {
  const organization = await records.get(organizations, held.organization_id);
  const standing = await records.get(collections, held.id);
  if (organization === undefined || !isLive(organization) || standing?.version !== held.version) return undefined;
  return isOver(held, now()) ? undefined : placeOf(organization);
}

/** @returns how many there were; undefined where another has taken the deletion over */
async function emptied(tenancy: Tenancy, held: Collection): Promise<number | undefined> {
  let documents = 0;
  for (;;) {
    const place = await heldPlace(tenancy, held);
    if (place === undefined) return undefined;
    const removed = await tenancy.documents.removeSome(place, held.name, sliceSize, commandEnd());
    if (removed === 'moved') await tenancy.documents.raiseEpoch(place);
    else {
      documents += removed;
      if (removed < sliceSize) return documents;
    }
    // Between two slices others have their turn.
    await setImmediate();
  }
}

/**
 * Drops what stands of the emptied collection by its name. That this is about to happen is written down first: who takes
 * over then knows of it, and has it until the end of the time that begins with it.
 *
 * @returns the record as it then stands; undefined where another has taken the deletion over
 */
async function dropped(tenancy: Tenancy, held: Collection): Promise<Collection | undefined> {
  const { records, documents, reach } = tenancy;
  const place = await heldPlace(tenancy, held);
  if (place === undefined) return undefined;
  if (!(await documents.hasRemains(place, held.name))) return held;
  const dropping: Collection = { ...held, deletion: holdDeletion(tenancy, true) };
  const outcome = await records.commit([replace(collections, dropping)]);
  if (outcome.result !== 'done') return undefined;
  reach('collection.dropping');
  await documents.dropRemains(place, held.name);
  reach('collection.dropped');
  return { ...dropping, version: dropping.version + 1 };
}

/** @param uncertain whether a drop that an earlier holder sent may still arrive */
async function settle(
  { records, now, queueOf }: Tenancy,
  held: Collection,
  { uncertain, erased }: { readonly uncertain: boolean; readonly erased: Usage },
): Promise<void> {
  const { deletion } = held;
  const settled =
    uncertain && deletion !== undefined
      ? replace(collections, { ...held, status: 'deleted', deletion: reserve(deletion, now()) })
      : remove(collections, held);
  await decide(
    async (end) => {
      const organization = await records.get(organizations, held.organization_id);
      const standing = await records.get(collections, held.id);
      // Another has taken it over, or the organization's deletion has.
      if (organization === undefined || standing?.version !== held.version) return;
      const fewer = { ...organization, collections: Math.max(0, (organization.collections ?? 0) - 1) };
      const happening = { type: 'collection.erased', data: { name: held.name, ...erased } } as const;
      const told = recording(byService, organization.id, happening, now());
      const outcome = await records.commit([replace(organizations, fewer), settled, told], end);
      return outcome.result === 'done' ? undefined : moved;
    },
    commandEnd(),
    queueOf(held.organization_id),
  );
}

/** What `deleting` and `deleted` begin with, and no other status. */
const unfinished = 'delet';

/** Records that are read at a time. */
const pageSize = 100;

/**
 * Finishes the deletions of collections whose holder's time is over, and frees the names of those that are deleted and were
 * kept for long enough; until the signal. One that cannot be finished now does not keep the others from it.
 *
 * @throws {TenantryError} storage_unavailable: the list of them cannot be read
 */
export async function sweepCollections(tenancy: Tenancy, signal: AbortSignal): Promise<void> {
  let last: Collection | undefined;
  do {
    const after = last && { after: { key: last.status, id: last.id } };
    const range = { prefix: unfinished, limit: pageSize, ...after };
    const page: Collection[] = await tenancy.records.list(collections, 'status', range);
    for (const collection of page) {
      if (signal.aborted) return;
      if (!isOver(collection, tenancy.now())) continue;
      await takeOver(tenancy, collection).catch((error: unknown) => {
        tenancy.log.warn({ err: error, collection: collection.key }, 'a deletion could not be finished');
      });
    }
    last = page.at(-1);
  } while (last !== undefined);
}

async function takeOver(tenancy: Tenancy, { id }: Collection): Promise<void> {
  const held = await decide(async (end) => {
    const collection = await tenancy.records.get(collections, id);
    if (collection === undefined || !isOver(collection, tenancy.now())) return undefined;
    if (collection.status === 'deleted') {
      // A conflict: another did it, or the organization's deletion.
      await tenancy.records.commit([remove(collections, collection)], end);
      return undefined;
    }
    return await holdCollection(tenancy, collection, { end });
  });
  if (held === undefined) return;
  tenancy.reach('collection.taken-over');
  await finishCollectionDeletion(tenancy, held);
}
