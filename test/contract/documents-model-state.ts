import {
  bytesOf,
  type DocumentChange,
  type KeptAnswer,
  type StoredDocument,
  type TenantPlace,
  type Usage,
  type Write,
  type WriteOutcome,
} from '../../src/store/documents.ts';
import { usageOf } from './documents-writes.ts';

/** What an organization has, by the words of the port. */
export interface TenantState {
  /** With the epoch that the slots have. */
  place: TenantPlace;
  /** The documents of each collection by their ids. */
  readonly collections: Map<string, Map<string, StoredDocument>>;
  readonly kept: Map<string, KeptAnswer>;
}

/** An organization that has nothing yet. */
export function emptyTenant(place: TenantPlace): TenantState {
  return { place, collections: new Map(), kept: new Map() };
}

/** The document of the id, as who read it has it. */
export function findDocument(state: TenantState, collection: string, id: string): StoredDocument | undefined {
  return state.collections.get(collection)?.get(id);
}

/** A collection in the order of ids. Those of the model are ASCII: any order of strings is the port's. */
export function documentsIn(state: TenantState, collection: string): StoredDocument[] {
  const documents = state.collections.get(collection)?.values().toArray() ?? [];
  return documents.sort((one, other) => (one.id < other.id ? -1 : 1));
}

/** What is counted, of a collection or of all. */
export function usageIn(state: TenantState, collection?: string): Usage {
  const names = collection === undefined ? [...state.collections.keys()] : [collection];
  return usageOf(names.flatMap((name) => documentsIn(state, name)));
}

/**
 * Every outcome that the port allows. It has one that is `done` alone; where several reasons refuse the write, the port
 * leaves open which of them is told.
 */
export function allowedOutcomes(state: TenantState, epoch: number, write: Write): WriteOutcome[] {
  const refusals: WriteOutcome[] = [];
  if (epoch !== state.place.epoch) refusals.push({ result: 'moved' });
  if (write.keep !== undefined && isKept(state, write.keep.id)) refusals.push({ result: 'kept' });
  const change = write.changes.findIndex((tried) => !holds(state, write.collection, tried));
  const failing = write.changes[change];
  if (failing !== undefined) refusals.push({ result: failing.op === 'insert' ? 'exists' : 'conflict', change });
  refusals.push(...fullOutcomes(state, write));
  return refusals.length === 0 ? [{ result: 'done' }] : refusals;
}

/** Whether an answer is kept by this id whose time is not over. */
export function isKept({ kept }: TenantState, id: string): boolean {
  const answer = kept.get(id);
  return answer !== undefined && Date.parse(answer.expires_at) > Date.now();
}

function holds(state: TenantState, collection: string, change: DocumentChange): boolean {
  if (change.op === 'insert') return findDocument(state, collection, change.document.id) === undefined;
  return findDocument(state, collection, change.before.id)?.version === change.before.version;
}

function fullOutcomes(state: TenantState, { changes, quota }: Write): WriteOutcome[] {
  const added = { documents: 0, bytes: 0 };
  for (const change of changes) {
    if (change.op !== 'remove') {
      added.documents += 1;
      added.bytes += bytesOf(change.document);
    }
    if (change.op !== 'insert') {
      added.documents -= 1;
      added.bytes -= bytesOf(change.before);
    }
  }
  const usage = usageIn(state);
  const over = (['documents', 'bytes'] as const).filter((what) => {
    return added[what] > 0 && usage[what] + added[what] > (quota[what] ?? Infinity);
  });
  return over.map((what) => ({ result: 'full', quota: what, usage }));
}

/** Does what a write did that was told as done. */
export function applyWrite(state: TenantState, { collection, changes, keep }: Write): void {
  const documents = state.collections.get(collection) ?? new Map<string, StoredDocument>();
  state.collections.set(collection, documents);
  for (const change of changes) {
    if (change.op === 'remove') documents.delete(change.before.id);
    else documents.set(change.document.id, change.document);
  }
  if (keep !== undefined) state.kept.set(keep.id, keep);
}

/** Removes the first documents, as `removeSome` does, and tells how many. */
export function removeFirst(state: TenantState, collection: string, most: number): number {
  const removed = documentsIn(state, collection).slice(0, most);
  for (const { id } of removed) state.collections.get(collection)?.delete(id);
  return removed.length;
}
