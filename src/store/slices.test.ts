import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { createSlices, inSlices } from './slices.ts';

test('in a turn of the event loop one slice of all is done, the organizations in turn, each in its order', async () => {
  const slices = createSlices();
  const done: string[] = [];
  const work = async (organization: string, name: string, count: number) => {
    for (let number = 0; number < count; number += 1) {
      await slices.next(organization);
      done.push(name);
    }
  };
  const all = [work('a', 'a1', 4), work('a', 'a2', 4), work('a', 'a3', 4), work('b', 'b', 4)];
  const perTurn: number[] = [];
  for (let turn = 0; turn < 16; turn += 1) {
    const before = done.length;
    await turnOfLoop();
    perTurn.push(done.length - before);
  }
  await Promise.all(all);
  assert.ok(Math.max(...perTurn) === 1, perTurn.join());
  assert.equal(done.length, 16);
  // Whatever waits of the other, every second slice is its.
  assert.deepEqual(
    done.slice(0, 8).filter((name) => name === 'b'),
    ['b', 'b', 'b', 'b'],
  );
  assert.deepEqual(done.filter((name) => name !== 'b').slice(0, 6), ['a1', 'a2', 'a3', 'a1', 'a2', 'a3']);
});

test('a short call is answered between two slices, however many wait', async () => {
  const slices = createSlices();
  let done = 0;
  const all = Array.from({ length: 50 }, async () => {
    await slices.next('a');
    done += 1;
  });
  for (let turn = 1; turn <= 10; turn += 1) {
    await turnOfLoop();
    assert.ok(done <= turn, `${done} slices in ${turn} turns`);
  }
  await Promise.all(all);
});

test('work in slices keeps the order, and gives the loop away whenever its slice is over', async () => {
  let given = 0;
  const pace = {
    isOver: () => true,
    next: async () => {
      given += 1;
    },
  };
  assert.deepEqual(await inSlices(['a', 'b', 'c'], pace, (one, number) => `${one}${number}`), ['a0', 'b1', 'c2']);
  assert.equal(given, 3);
});
