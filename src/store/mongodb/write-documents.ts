import { bytesOf, type Quota, type TenantPlace, type Usage, type Write, type WriteOutcome } from '../documents.ts';
import { persistently } from './attempts.ts';
import { idOf } from './change-documents.ts';
import { commitTogether, commitWrite, type Sized } from './commit-writes.ts';
import { type ClusterGround, type DocumentsGround, groundFor } from './documents-ground.ts';
import { findKept } from './kept-answers.ts';
import { refuseKeeping } from './kept-rooms.ts';
import { growthOf } from './quota-gate.ts';
import { findSlots, slotCount, sumOf, usageIn } from './slots.ts';
import { createGroups } from './write-groups.ts';

/** `Documents.write` of a cluster. */
export type WriteDocuments = (place: TenantPlace, write: Write, end: number) => Promise<WriteOutcome>;

/**
 * Makes what does all changes of a write in one transaction with their count and the answer that is kept, or nothing. Writes
 * to one collection that are in work at once may have their transaction in common.
 */
export function createWriter(cluster: ClusterGround): WriteDocuments {
  const commit = createGroups<Sized, WriteOutcome>({
    inTurnOf: ({ place }) => cluster.turns(place.organization),
    together: (writes, end) => writeTogether(cluster, writes, end),
    alone: (sized) => writeAlone(groundFor(cluster, sized.place.organization), sized),
  });
  return async (place, write, end) => {
    // Not awaited where nothing is kept: a write that was called before a close is to be under way by then.
    const unkept = write.keep && (await refuseKeeping(groundFor(cluster, place.organization), place, write, end));
    if (unkept !== undefined) return unkept;
    return await commit(lineOf(place, write), { place, write, end, touched: touchedBy(write), ...sizeOf(write) });
  };
}

/** Does a write in a transaction of its own, if it fits into the quota. */
async function writeAlone(ground: DocumentsGround, sized: Sized): Promise<WriteOutcome> {
  const { place, write, added, end } = sized;
  const { quota, keep } = write;
  const read = () => ground.inTurn(() => usageAt(ground, place, end), end);
  const admission = await ground.gate.admit(place.organization, { added, quota, read });
  if (admission === undefined) return { result: 'moved' };
  if (admission.passed !== undefined) return await refusalOf(ground, place, { keep, end, ...admission });
  try {
    return await ground.inTurn(() => commitWrite(ground, sized), end);
  } finally {
    admission.release();
  }
}

/** Does writes of a line in one transaction whose turn it is, if all fit into the quota beside those in work. */
async function writeTogether(
  cluster: ClusterGround,
  writes: readonly Sized[],
  end: number,
): Promise<WriteOutcome | undefined> {
  const [first] = writes;
  if (first === undefined) return undefined;
  const { place } = first;
  const ground = groundFor(cluster, place.organization);
  // What one removes makes no room for another: by itself each would have to fit.
  const added = sumOf(writes.map((sized) => growthOf(sized.added)));
  const quota = strictestOf(writes.map(({ write }) => write.quota));
  const read = () => usageAt(ground, place, end);
  const admission = await ground.gate.admit(place.organization, { added, quota, read, isPatient: false });
  if (admission === undefined || admission.passed !== undefined) return undefined;
  try {
    return await commitTogether(ground, writes, end);
  } finally {
    admission.release();
  }
}

/** What all of several quotas allow. */
function strictestOf(quotas: readonly Quota[]): Quota {
  const least = (name: keyof Quota) => {
    const bounds = quotas.flatMap((quota) => quota[name] ?? []);
    return bounds.length === 0 ? undefined : Math.min(...bounds);
  };
  return { documents: least('documents'), bytes: least('bytes') };
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
function sizeOf({ changes }: Write): Pick<Sized, 'added' | 'changes' | 'bytes'> {
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

/** What the slots of a place count, where they are its own. To be called in turn. */
async function usageAt(ground: DocumentsGround, place: TenantPlace, end: number): Promise<Usage | undefined> {
  const slots = await persistently(() => findSlots(ground, place), end);
  const isOwn = slots.length === slotCount && slots.every(({ epoch }) => epoch === place.epoch);
  return isOwn ? usageIn(slots) : undefined;
}
