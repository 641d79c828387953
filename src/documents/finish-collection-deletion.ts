import { setImmediate } from 'node:timers/promises';
import { type Collection, collections } from '../organizations/collection.ts';
import { isOver } from '../organizations/finish-deletion.ts';
import { isLive, organizations, placeOf } from '../organizations/organization.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import { commandEnd, decide, moved } from '../store/decide.ts';
import type { TenantPlace, Usage } from '../store/documents.ts';
import { remove, replace } from '../store/records.ts';
import { sliceSize } from './empty.ts';
import { holdCollection } from './hold-collection.ts';

/**
 * Finishes a deletion that this instance holds: raises the epoch of the slots, removes the documents, verifies that none is
 * left and removes the record.
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
  await settle(tenancy, held);
  tenancy.reach('collection.removed');
  return { documents: removed, bytes: Math.max(0, usage.bytes) };
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

async function settle({ records }: Tenancy, held: Collection): Promise<void> {
  await decide(async (end) => {
    const organization = await records.get(organizations, held.organization_id);
    const standing = await records.get(collections, held.id);
    // Another has taken it over, or the organization's deletion has.
    if (organization === undefined || standing?.version !== held.version) return;
    const fewer = { ...organization, collections: Math.max(0, (organization.collections ?? 0) - 1) };
    const outcome = await records.commit([replace(organizations, fewer), remove(collections, held)], end);
    return outcome.result === 'done' ? undefined : moved;
  });
}

/** Records that are read at a time. */
const pageSize = 100;

/**
 * Finishes the deletions of collections whose holder's time is over, until the signal. One that cannot be finished now does
 * not keep the others from it.
 *
 * @throws {TenantryError} storage_unavailable: the list of them cannot be read
 */
export async function sweepCollections(tenancy: Tenancy, signal: AbortSignal): Promise<void> {
  let last: Collection | undefined;
  do {
    const after = last && { after: { key: last.status, id: last.id } };
    const range = { prefix: 'deleting', limit: pageSize, ...after };
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
    return await holdCollection(tenancy, collection, end);
  });
  if (held === undefined) return;
  tenancy.reach('collection.taken-over');
  await finishCollectionDeletion(tenancy, held);
}
