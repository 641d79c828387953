import { TenantryError, type ValueIssue } from '../errors.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import { moved } from '../store/decide.ts';
import type { DocumentChange, StoredDocument, TenantPlace } from '../store/documents.ts';
import { inSlices, type Pace, paceFor } from '../store/slices.ts';
import { type KeptAnswerOfBatch, keptOf, type OperationResult, resultOf, resultsAgain } from './batch-answer.ts';
import { nextOf } from './change.ts';
import { checkDocumentId, etagOf, type JsonObject, newDocumentId } from './document.ts';
import { again, inCollection, type Target, writeIn } from './in-collection.ts';
import { findKept, keeping, type Repeat } from './kept.ts';
import { checkMembers } from './members.ts';
import { mostStandingBytes, readStanding } from './standing.ts';

/** One step of a batch. An `insert` without an id gets a new one; `if_match` is the ETag that the document must have. */
export type Operation =
  | { readonly op: 'insert'; readonly id?: string; readonly document: JsonObject }
  | { readonly op: 'replace'; readonly id: string; readonly document: JsonObject; readonly if_match?: string }
  | { readonly op: 'delete'; readonly id: string; readonly if_match?: string };

/** A step whose values have been looked at. */
type Step = Operation & { readonly id: string; readonly isNewId: boolean; readonly members: string };

/**
 * Does all steps, or none: inserts of new ids, replacements and removals of documents that are there.
 *
 * @throws {TenantryError} document_exists, document_not_found, precondition_failed, each naming the first step that does not
 *   hold; invalid_value, document_too_large, quota_exceeded, idempotency_key_reused, idempotency_keys_full, organization_not_found,
 *   collection_not_found, busy, stopping, storage_unavailable
 */
export async function runBatch(
  tenancy: Tenancy,
  target: Target,
  operations: readonly Operation[],
  repeat?: Repeat,
): Promise<readonly OperationResult[]> {
  const { collection } = target;
  const pace = paceFor(target.organization.id);
  await pace.next();
  const steps = await checkedSteps(tenancy, operations, pace);
  return await inCollection(tenancy, target, async (routed) => {
    const before = await findKept<KeptAnswerOfBatch>(tenancy, routed, repeat);
    if (before !== undefined) return await resultsAgain(before, steps, pace);
    const at = tenancy.now();
    const changes = await changesOf(tenancy, routed.place, { collection, steps, at, pace });
    const results = await inSlices(changes, pace, resultOf);
    const keep = keeping(tenancy, routed, repeat && { ...repeat, answer: keptOf(steps, changes, at) });
    const outcome = await writeIn(tenancy, routed, { collection, changes, keep });
    if (outcome.result === 'done') return results;
    // What was read before has moved; what is there now decides.
    return outcome.result === 'exists' ? moved : again(outcome, routed);
  });
}

async function checkedSteps(
  { documentLimits }: Tenancy,
  operations: readonly Operation[],
  pace: Pace,
): Promise<readonly Step[]> {
  const issues: ValueIssue[] = [];
  const seen = new Set<string>();
  const checked = (operation: Operation, number: number): Step => {
    const isNewId = operation.id === undefined;
    const { id = newDocumentId() } = operation;
    const at = `operations/${number}`;
    const wrong = operation.op === 'insert' ? checkDocumentId(id) : undefined;
    const detail = wrong ?? (seen.has(id) ? 'must not be that of another operation of the batch' : undefined);
    if (detail !== undefined) issues.push({ member: `${at}/id`, detail });
    seen.add(id);
    const members =
      operation.op === 'delete' ? '' : checkMembers(operation.document, documentLimits, `${at}/document/`);
    return { ...operation, id, isNewId, members };
  };
  const steps = await inSlices(operations, pace, checked);
  if (issues.length > 0)
    throw new TenantryError('invalid_value', 'A value breaks a rule', { issues: issues.slice(0, 8) });
  return steps;
}

interface Planned {
  readonly collection: string;
  readonly steps: readonly Step[];
  readonly at: Date;
  readonly pace: Pace;
}

async function changesOf(
  tenancy: Tenancy,
  place: TenantPlace,
  { collection, steps, at, pace }: Planned,
): Promise<readonly DocumentChange[]> {
  // By an id that was just made nothing stands.
  const ids = steps.filter(({ isNewId }) => !isNewId).map(({ id }) => id);
  const standing = await readStanding(tenancy, place, collection, ids);
  if (standing === undefined) {
    const detail = `has more than ${mostStandingBytes} bytes`;
    const issues = [{ member: 'operations', detail: `What they replace and delete ${detail}: send fewer at once` }];
    throw new TenantryError('document_too_large', `What the batch replaces and deletes ${detail}: send fewer at once`, {
      issues,
    });
  }
  return await inSlices(steps, pace, (step, number) => changeOf(step, { standing: standing.get(step.id), number, at }));
}

interface Standing {
  readonly standing: StoredDocument | undefined;
  readonly number: number;
  readonly at: Date;
}

function changeOf(step: Step, { standing, number, at }: Standing): DocumentChange {
  const { op, id, members } = step;
  const fail = (code: 'document_exists' | 'document_not_found' | 'precondition_failed', what: string) => {
    const member = `operations/${number}`;
    return new TenantryError(code, `Nothing was done: ${what}`, { issues: [{ member, detail: what }] });
  };
  if (op === 'insert') {
    if (standing !== undefined) throw fail('document_exists', 'a document has this id');
    return { op: 'insert', document: nextOf({ id, standing, members }, at) };
  }
  if (standing === undefined) throw fail('document_not_found', 'no document has this id');
  if (step.if_match !== undefined && step.if_match !== etagOf(standing)) {
    throw fail('precondition_failed', 'the document is not what if_match expects');
  }
  if (op === 'delete') return { op: 'remove', before: standing };
  return { op: 'replace', before: standing, document: nextOf({ id, standing, members }, at) };
}
