import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from './jobs.ts';
import { takeBatch } from './next-batch.ts';

interface Named {
  readonly file: string;
  readonly end: number;
  readonly job: Job;
  readonly name: string;
}

function write(organization: string, name: string, bytes = 1_000): Named {
  const file = 'main/pooled-0001.db';
  const table = { file, name: 'pooled', organization, isShared: true, hasOwnFile: false };
  const rest = {
    epoch: 1,
    collection: 'default',
    changes: [],
    quota: {},
    keep: undefined,
    keepWithin: undefined,
    now: '',
  };
  return { file, end: 0, job: { type: 'write', table, ...rest, bytes }, name };
}

const names = (jobs: readonly Named[]) => jobs.map(({ name }) => name);

const large = 8 * 2 ** 20;

test('whoever waits is in the next batch, and answered among the first, however much of another came before', () => {
  const waiting = Array.from({ length: 16 }, (_, number) => write('a', `a${number}`, large));
  waiting.push(write('b', 'b'));
  const { batch, left } = takeBatch(waiting);
  assert.deepEqual(names(batch), ['a0', 'b']);
  assert.deepEqual(names(left), names(waiting.slice(1, 16)));
});

test('a batch has of each organization in turn, in its order, up to a thousand in all', () => {
  const many = Array.from({ length: 1_200 }, (_, number) => write('a', `a${number}`, 10));
  const { batch, left } = takeBatch([...many, write('b', 'b0', 10), write('b', 'b1', 10)]);
  assert.deepEqual(names(batch.slice(0, 5)), ['a0', 'b0', 'a1', 'b1', 'a2']);
  assert.equal(batch.length, 1_000);
  assert.equal(left.length, 202);
  assert.deepEqual(names(left), names(many.slice(998)));
});

test('of organizations whose writes are large one has its turn in a batch, the one that waits longest', () => {
  const waiting = [write('a', 'a0', large), write('b', 'b0', large), write('a', 'a1', large)];
  const first = takeBatch(waiting);
  assert.deepEqual([names(first.batch), names(first.left)], [['a0'], ['b0', 'a1']]);
  const second = takeBatch(first.left);
  assert.deepEqual([names(second.batch), names(second.left)], [['b0'], ['a1']]);
});
