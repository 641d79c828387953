import type { ClientSession } from 'mongodb';
import { bytesOf, type TenantPlace, type Usage } from '../documents.ts';
import { callEnd } from './attempts.ts';
import { documentOf } from './document-form.ts';
import { type DocumentsGround, once, repeatedly } from './documents-ground.ts';
import { tellable } from './faults.ts';
import { databaseFor, defaultCollection, locate } from './locate.ts';
import { createPace } from './pace.ts';
import { formsOf } from './read-documents.ts';
import { collectionsIn, findSlots, increments, refuseStanding, slotIdsOf, slotsIn, sumOf, usageIn } from './slots.ts';

/** What was counted, and what the slots had at the same moment. */
export interface Recount {
  readonly counted: Usage;
  readonly slots: Usage;
}

/**
 * Counts an organization's documents, collection by collection, and puts right what the slots have of each. Documents that
 * are not listed are not counted either.
 *
 * @throws {TenantryError} storage_unavailable: also where a collection is so large that the server ends the reading, by
 *   default after a minute
 */
export async function recountDocuments(ground: DocumentsGround, place: TenantPlace): Promise<Recount> {
  const slots = await repeatedly(ground, () => findSlots(ground, place));
  const recounts: Recount[] = [];
  for (const collection of new Set([defaultCollection, ...collectionsIn(slots)])) {
    const recount = await ground.inTurn(() => recountOne(ground, place, collection), callEnd());
    await correct(ground, place, { ...recount, collection });
    recounts.push(recount);
  }
  return {
    counted: sumOf(recounts.map(({ counted }) => counted)),
    slots: sumOf(recounts.map((recount) => recount.slots)),
  };
}

async function recountOne(ground: DocumentsGround, place: TenantPlace, collection: string): Promise<Recount> {
  return await ground.sessions.use((session) => recountIn(session, ground, { place, collection }));
}

async function recountIn(
  session: ClientSession,
  ground: DocumentsGround,
  { place, collection }: { readonly place: TenantPlace; readonly collection: string },
): Promise<Recount> {
  // All as of one moment; a session that is made for it (`snapshot: true`) is not heeded by every server.
  session.startTransaction({ readConcern: { level: 'snapshot' }, readPreference: 'primary' });
  try {
    const slots = usageIn(await findSlots(ground, place, { session }), collection);
    return { slots, counted: await count(ground, place, { collection, session }) };
  } catch (error) {
    throw tellable(error);
  }
}

async function count(
  ground: DocumentsGround,
  place: TenantPlace,
  { collection, session }: { readonly collection: string; readonly session: ClientSession },
): Promise<Usage> {
  const location = locate(ground, place, collection);
  const pace = createPace();
  let documents = 0;
  let bytes = 0;
  for await (const form of formsOf(location, { direction: 'ascending', pace }, { session })) {
    const size = bytesOf(documentOf(form, location.prefix));
    pace.count(size);
    documents += 1;
    bytes += size;
  }
  return { documents, bytes };
}

/** Adds the difference, while others add to the same slots. Once: what is added twice is wrong again. */
async function correct(
  ground: DocumentsGround,
  place: TenantPlace,
  { collection, counted, slots }: Recount & { readonly collection: string },
): Promise<void> {
  const missing = { documents: counted.documents - slots.documents, bytes: counted.bytes - slots.bytes };
  if (missing.documents === 0 && missing.bytes === 0) return;
  const [first = ''] = slotIdsOf(place);
  const standing = slotsIn(databaseFor(ground, place));
  await once(ground, async () => {
    const { matchedCount } = await standing.updateOne({ _id: first }, { $inc: increments(collection, missing) });
    if (matchedCount === 0) await refuseStanding(standing, { _id: first });
  });
}
