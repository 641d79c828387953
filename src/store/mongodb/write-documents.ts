import { bytesOf, type Quota, type TenantPlace, type Usage, type Write, type WriteOutcome } from '../documents.ts';
import { idOf } from './change-documents.ts';
import { type Admitted, commitTogether, commitWrite } from './commit-writes.ts';
import { type ClusterGround, type DocumentsGround, groundFor, repeatedly } from './documents-ground.ts';
import { findKept } from './kept-answers.ts';
import { refuseKeeping } from './kept-rooms.ts';
import { findSlots, slotCount, usageIn } from './slots.ts';
import { createGroups } from './write-groups.ts';

/** `Documents.write` of a cluster. */
export type WriteDocuments = (place: TenantPlace, write: Write, end: number) => Promise<WriteOutcome>;

/**
 * Makes what does all changes of a write in one transaction with their count and the answer that is kept, or nothing. Writes
 * to one collection that are in work at once may have their transaction in common.
 */
export function createWriter(cluster: ClusterGround): WriteDocuments {
  const commit = createGroups<Admitted, WriteOutcome>({
    inTurnOf: ({ place }) => cluster.turns(place.organization),
    together: (writes, end) => commitTogether(cluster, writes, end),
    alone: (admitted) => commitWrite(cluster, admitted),
  });
  return async (place, write, end) => {
    const ground = groundFor(cluster, place.organization);
    const { quota, keep } = write;
    const unkept = write.keep && (await refuseKeeping(ground, place, write, end));
    if (unkept !== undefined) return unkept;
    const size = sizeOf(write);
    const read = () => usageAt(ground, place, end);
    const admission = await ground.gate.admit(place.organization, { added: size.added, quota, read });
    if (admission === undefined) return { result: 'moved' };
    if (admission.passed !== undefined) return await refusalOf(ground, place, { keep, end, ...admission });
    try {
      return await commit(lineOf(place, write), { place, write, end, touched: touchedBy(write), ...size });
    } finally {
      admission.release();
    }
  };
}

/** The writes of a line go to one place and one collection. */
function lineOf(place: TenantPlace, { collection }: Write): string {
  return JSON.stringify([place, collection]);
}

/** The documents and the kept answer of a write. */
function touchedBy({ changes, keep }: Write): string[] {
  const documents = changes.map((change) => `document ${idOf(change)}`);
  return keep === undefined ? documents : [...documents, `answer ${keep.id}`];
}

/** How much a write sends, and what it adds to what is there. */
function sizeOf({ changes }: Write): Pick<Admitted, 'added' | 'changes' | 'bytes'> {
  let [documents, sent, removed] = [0, 0, 0];
  for (const change of changes) {
    if (change.op !== 'remove') sent += bytesOf(change.document);
    if (change.op !== 'insert') removed += bytesOf(change.before);
    if (change.op === 'insert') documents += 1;
    if (change.op === 'remove') documents -= 1;
  }
  return { added: { documents, bytes: sent - removed }, changes: changes.length, bytes: sent };
}

/** What a write is told that would pass the quota: the same call, made before, may be what filled it. */
async function refusalOf(
  ground: DocumentsGround,
  place: TenantPlace,
  {
    keep,
    end,
    ...refused
  }: Pick<Write, 'keep'> & { readonly end: number; readonly passed: keyof Quota; readonly usage: Usage },
): Promise<WriteOutcome> {
  const kept = keep && (await findKept(ground, place, keep.id, end));
  if (kept !== undefined && Date.parse(kept.expires_at) > Date.now()) return { result: 'kept' };
  return { result: 'full', quota: refused.passed, usage: refused.usage };
}

/** What the slots of a place count, where they are its own. */
async function usageAt(ground: DocumentsGround, place: TenantPlace, end: number): Promise<Usage | undefined> {
  const slots = await repeatedly(ground, () => findSlots(ground, place), end);
  const isOwn = slots.length === slotCount && slots.every(({ epoch }) => epoch === place.epoch);
  return isOwn ? usageIn(slots) : undefined;
}
