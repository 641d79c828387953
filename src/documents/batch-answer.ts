import type { DocumentChange, StoredDocument } from '../store/documents.ts';
import { inSlices, type Pace } from '../store/slices.ts';
import { etagOf } from './document.ts';

/** What became of a step, in the order of the steps. */
export type OperationResult =
  | { readonly op: 'insert' | 'replace'; readonly id: string; readonly version: number; readonly etag: string }
  | { readonly op: 'delete'; readonly id: string };

/** A step of a batch, with what its document is stored as. */
interface Step {
  readonly op: 'insert' | 'replace' | 'delete';
  readonly id: string;
  /** The id was made for it. */
  readonly isNewId: boolean;
  readonly members: string;
}

/** What is kept of a batch: what the request that is made again does not have. Each list is in the order of its steps. */
interface KeptBatch {
  readonly at: string;
  /** Ids that were made. */
  readonly ids: readonly string[];
  /** Version and time of creation of each document that was replaced. */
  readonly replaced: readonly (readonly [number, string | undefined])[];
}

/** What is kept of a batch; an array where a former version kept it, which is the results themselves. */
export type KeptAnswerOfBatch = KeptBatch | readonly OperationResult[];

/** The result of a step that was done. */
export function resultOf(change: DocumentChange): OperationResult {
  return change.op === 'remove' ? { op: 'delete', id: change.before.id } : resultWith(change.op, change.document);
}

function resultWith(op: 'insert' | 'replace', document: StoredDocument): OperationResult {
  return { op, id: document.id, version: document.version, etag: etagOf(document) };
}

/** What is to be kept of a batch that was done at this time. */
export function keptOf(steps: readonly Step[], changes: readonly DocumentChange[], at: Date): KeptBatch {
  const ids = steps.filter(({ isNewId }) => isNewId).map(({ id }) => id);
  const replaced = changes.flatMap((change) =>
    change.op === 'replace' ? [[change.document.version, change.document.created_at] as const] : [],
  );
  return { at: at.toISOString(), ids, replaced };
}

/** The results of a batch that is made again. */
export async function resultsAgain(
  kept: KeptAnswerOfBatch,
  steps: readonly Step[],
  pace: Pace,
): Promise<readonly OperationResult[]> {
  if (!('replaced' in kept)) return kept;
  const { at } = kept;
  const [ids, replaced] = [kept.ids.values(), kept.replaced.values()];
  return await inSlices(steps, pace, ({ op, id: given, isNewId, members }): OperationResult => {
    const id = isNewId ? (ids.next().value ?? given) : given;
    if (op === 'delete') return { op, id };
    const [version = 1, created_at = at] = op === 'replace' ? (replaced.next().value ?? []) : [];
    return resultWith(op, { id, version, created_at, updated_at: at, members });
  });
}
