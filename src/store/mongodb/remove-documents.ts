import type { AnyBulkWriteOperation } from 'mongodb';
import { bytesOf, type TenantPlace } from '../documents.ts';
import { sendOperations } from './change-documents.ts';
import { commitWork, demandServer, type Writing } from './commit.ts';
import { type DocumentForm, documentOf, standingAs } from './document-form.ts';
import type { DocumentsGround } from './documents-ground.ts';
import { UnmatchedError } from './faults.ts';
import { type Location, locate } from './locate.ts';
import { createPace } from './pace.ts';
import { formsOf } from './read-documents.ts';
import { addToSlot, nextSlotOf, slotsCollection } from './slots.ts';

/** Documents that one call may remove. */
const mostAtOnce = 1_000;

/** What is to be removed. */
export interface Removal {
  readonly collection: string;
  readonly most: number;
  /** When the caller stops waiting, in milliseconds of `performance.now()`. */
  readonly end: number;
}

/**
 * Removes the first documents of a collection in one transaction with their count.
 *
 * @returns how many, or `moved`, where nothing was removed
 * @throws {TenantryError} busy, storage_unavailable
 */
export async function removeDocuments(
  ground: DocumentsGround,
  place: TenantPlace,
  { collection, most, end }: Removal,
): Promise<number | 'moved'> {
  if (!(most >= 1 && most <= mostAtOnce)) throw new RangeError(`at most ${mostAtOnce} at once`);
  const location = locate(ground, place, collection);
  const slot = nextSlotOf(place);
  let removed = 0;
  const apply = async (writing: Writing) => {
    demandServer(ground);
    const { removals, bytes } = await findFirst(location, most, writing);
    removed = removals.length;
    demandServer(ground);
    if (!(await sendOperations(location, removals, writing))) throw new UnmatchedError('others remove the same');
    demandServer(ground);
    const added = { documents: -removals.length, bytes: -bytes };
    const isAdded = await addToSlot(ground, place, { slot, collection, added, writing });
    return { result: isAdded ? 'done' : 'moved' } as const;
  };
  const witnesses = [{ database: location.database, collection: slotsCollection, ids: [slot] }];
  const { result } = await ground.inTurn(() => commitWork(ground, { isSingle: false, apply, witnesses }, end), end);
  return result === 'done' ? removed : result;
}

interface First {
  readonly removals: AnyBulkWriteOperation<DocumentForm>[];
  readonly bytes: number;
}

/** The first documents, of which only the sizes are kept: of what they hold there may be more than fits. */
async function findFirst(location: Location, most: number, { session }: Writing): Promise<First> {
  const removals: First['removals'] = [];
  let bytes = 0;
  const pace = createPace();
  const range = { direction: 'ascending', limit: most, pace } as const;
  for await (const form of formsOf(location, range, session ? { session } : {})) {
    const document = documentOf(form, location.prefix);
    removals.push({ deleteOne: { filter: standingAs(form._id, document) } });
    const size = bytesOf(document);
    pace.count(size);
    bytes += size;
  }
  return { removals, bytes };
}
