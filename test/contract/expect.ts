import assert from 'node:assert/strict';
import { TenantryError } from '../../src/errors.ts';
import type { Change, Kind, Outcome, Records, Stored } from '../../src/store/records.ts';

/** The outcome of a commit whose changes all held. */
export const done: Outcome = { result: 'done' };

/** The outcome where another record has the key. */
export function duplicate(kind: { readonly name: string }, index: string): Outcome {
  return { result: 'duplicate', kind: kind.name, index };
}

/** The outcome where the record is gone or at another version. */
export function conflict(kind: { readonly name: string }, id: string): Outcome {
  return { result: 'conflict', kind: kind.name, id };
}

/** Commits, and fails unless every change held. */
export async function commitDone(records: Records, ...changes: readonly Change[]): Promise<void> {
  assert.deepEqual(await records.commit(changes), done);
}

/** The record, which must be there. */
export async function getExisting<R extends Stored>(records: Records, kind: Kind<R>, id: string): Promise<R> {
  const record = await records.get(kind, id);
  assert.ok(record, `${kind.name} ${id} is not there`);
  return record;
}

/** How many of the outcomes are of each result. */
export function tally(outcomes: readonly Outcome[]): Record<Outcome['result'], number> {
  const counts = { done: 0, duplicate: 0, conflict: 0 };
  for (const outcome of outcomes) counts[outcome.result] += 1;
  return counts;
}

/** Whether this is how a store that cannot or will not serve any more rejects. */
export function isRefusal(error: unknown): boolean {
  return error instanceof TenantryError && (error.code === 'storage_unavailable' || error.code === 'stopping');
}
