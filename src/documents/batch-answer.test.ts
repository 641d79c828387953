import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DocumentChange, StoredDocument } from '../store/documents.ts';
import { paceFor } from '../store/slices.ts';
import { keptOf, type OperationResult, resultOf, resultsAgain } from './batch-answer.ts';
import { nextOf } from './change.ts';

const pace = paceFor('acme');
const at = new Date('2026-11-24T09:30:00.000Z');

function standing(id: string, version: number, created_at?: string): StoredDocument {
  return { id, version, created_at, updated_at: created_at, members: '{"n":1}' };
}

const insertOf = (id: string, isNewId: boolean) => ({ op: 'insert', id, isNewId, members: `{"id":"${id}"}` }) as const;
const replaceOf = (id: string) => ({ op: 'replace', id, isNewId: false, members: '{"n":2}' }) as const;

const steps = [
  insertOf('made-1', true),
  replaceOf('b'),
  { op: 'delete', id: 'c', isNewId: false, members: '' } as const,
  insertOf('given', false),
  insertOf('made-2', true),
  replaceOf('written-by-another'),
];

const changes: DocumentChange[] = steps.map((step) => {
  const { op, id, members } = step;
  if (op === 'insert') return { op, document: nextOf({ id, standing: undefined, members }, at) };
  const before = id === 'b' ? standing(id, 7, '2026-01-01T00:00:00.000Z') : standing(id, 0);
  if (op === 'delete') return { op: 'remove', before };
  return { op, before, document: nextOf({ id, standing: before, members }, at) };
});

test('what is kept of a batch gives the same results once more, though the ids that were made are others', async () => {
  const kept = JSON.parse(JSON.stringify(keptOf(steps, changes, at)));
  const again = steps.map((step, place) => (step.isNewId ? { ...step, id: `other-${place}` } : step));
  assert.deepEqual(await resultsAgain(kept, again, pace), changes.map(resultOf));
});

test('what a former version kept of a batch are its results', async () => {
  const results: OperationResult[] = changes.map(resultOf);
  assert.deepEqual(await resultsAgain(JSON.parse(JSON.stringify(results)), steps, pace), results);
});

test('what is kept of a thousand inserts with ids of their sender takes less than a hundred bytes', () => {
  const many = Array.from({ length: 1_000 }, (_, number) => insertOf(`d${number}`, false));
  const inserted = many.map(({ op, id, members }): DocumentChange => {
    return { op, document: nextOf({ id, standing: undefined, members }, at) };
  });
  assert.ok(JSON.stringify(keptOf(many, inserted, at)).length < 100);
});
