import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DocumentWriting, Job, WriteJob } from './jobs.ts';
import { received, sent } from './messages.ts';
import { idOf } from './scratch.ts';

const file = 'main/a.db';
const table = { file, name: 'org_a', organization: idOf('a'), isShared: false, hasOwnFile: true };
const [at, later] = ['2026-03-14T09:26:53.589Z', '2026-03-14T09:26:54.000Z'];
const document = { id: 'doc_1', version: 2, created_at: at, updated_at: later, members: '{"a":1}' };
const changes: DocumentWriting[] = [
  { op: 'insert', document },
  { op: 'replace', before: { version: 1, created_at: at, updated_at: undefined }, document },
  { op: 'remove', before: { version: 0, created_at: undefined, updated_at: at }, id: 'doc_2' },
];
const keep = { id: 'key', request: 'digest', answer: '{}', expires_at: later };
const write: WriteJob = {
  type: 'write',
  table,
  epoch: 7,
  collection: 'default',
  changes,
  quota: { documents: 3, bytes: undefined },
  keep,
  keepWithin: { answers: 10, bytes: 1_000 },
  bytes: 14,
  now: later,
};

test('a write that was sent is what it was, with all of each change', () => {
  assert.deepEqual(received(file, structuredClone(sent(write))), write);
});

test('the bound on kept answers is sent with an answer alone', () => {
  const without = { ...write, keep: undefined };
  assert.deepEqual(received(file, structuredClone(sent(without))), { ...without, keepWithin: undefined });
});

test('any other job is sent as it is', () => {
  const job: Job = { type: 'removeSome', table, epoch: 7, collection: 'default', most: 3 };
  assert.deepEqual(received(file, structuredClone(sent(job))), job);
});
