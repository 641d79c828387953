import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from './jobs.ts';
import { createBatches } from './next-batch.ts';

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
  const { batch, left } = createBatches().take(waiting, 0);
  assert.deepEqual(names(batch), ['a0', 'b']);
  assert.deepEqual(names(left), names(waiting.slice(1, 16)));
});

test('an organization that writes alone has up to a thousand jobs in a batch', () => {
  const many = Array.from({ length: 1_200 }, (_, number) => write('a', `a${number}`, 10));
  const { batch, left } = createBatches().take(many, 0);
  assert.deepEqual([names(batch), names(left)], [names(many.slice(0, 1_000)), names(many.slice(1_000))]);
});

test('beside others, and a second after them, a batch has of each organization in turn four jobs, in its order', () => {
  const { take } = createBatches();
  const many = Array.from({ length: 100 }, (_, number) => write('a', `a${number}`, 10));
  const first = take([...many, write('b', 'b0', 10), write('b', 'b1', 10)], 5_000);
  assert.deepEqual(names(first.batch), ['a0', 'b0', 'a1', 'b1', 'a2', 'a3']);
  assert.deepEqual(names(first.left), names(many.slice(4)));
  const second = take(first.left, 5_999);
  assert.deepEqual(names(second.batch), ['a4', 'a5', 'a6', 'a7']);
  assert.equal(take(second.left, 6_000).batch.length, 92, 'a second after it');
});

test("jobs that are nobody's are all in the next batch, and make an organization no neighbour", () => {
  const commit = (number: number): Named => {
    const job = { type: 'commit', changes: [], appends: [] } as const;
    return { file: 'master.db', end: 0, job, name: `c${number}` };
  };
  const nine = (make: (number: number) => Named) => Array.from({ length: 9 }, (_, number) => make(number));
  const { take } = createBatches();
  assert.equal(take([...nine((number) => write('a', `a${number}`)), ...nine(commit)], 0).batch.length, 18);
  assert.equal(take([...nine(commit), write('b', 'b')], 0).batch.length, 10);
});

test('of organizations whose writes are large one has its turn in a batch, the one that waits longest', () => {
  const waiting = [write('a', 'a0', large), write('b', 'b0', large), write('a', 'a1', large)];
  const { take } = createBatches();
  const first = take(waiting, 0);
  assert.deepEqual([names(first.batch), names(first.left)], [['a0'], ['b0', 'a1']]);
  const second = take(first.left, 0);
  assert.deepEqual([names(second.batch), names(second.left)], [['b0'], ['a1']]);
});
