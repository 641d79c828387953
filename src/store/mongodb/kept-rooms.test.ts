import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeptRooms } from './kept-rooms.ts';

const within = { answers: 100, bytes: 1_000 };

/** Rooms beside answers that others keep, which are counted on request. */
function ground() {
  const state = { time: 0, kept: { answers: 0, bytes: 0 }, counts: 0 };
  const rooms = new KeptRooms(() => state.time);
  const read = async () => {
    state.counts += 1;
    return { ...state.kept };
  };
  return { state, take: (bytes = 1) => rooms.take('org', { bytes, within, read }), rooms, read };
}

test('what is kept is counted once for twenty parts of the bound, and never passed by one instance', async () => {
  const { state, take } = ground();
  let taken = 0;
  for (let turn = 0; turn < 200; turn += 1) {
    if (!(await take())) continue;
    taken += 1;
    state.kept = { answers: taken, bytes: taken };
  }
  assert.equal(taken, 100);
  assert.ok(state.counts <= 21, `${state.counts}`);
});

test('those that ask at once wait for one count, and no more of them are let in than fit', async () => {
  const { state, take } = ground();
  state.kept = { answers: 97, bytes: 0 };
  const answers = await Promise.all(Array.from({ length: 20 }, () => take()));
  assert.deepEqual([answers.filter(Boolean).length, state.counts], [3, 1]);
});

test('what others keep meanwhile is known after a twentieth of the bound', async () => {
  const { state, take } = ground();
  assert.equal(await take(), true);
  state.kept = { answers: 100, bytes: 0 };
  let passed = 0;
  while (await take()) passed += 1;
  assert.ok(passed <= 5, `${passed}`);
});

test('bytes are bounded too', async () => {
  const { take } = ground();
  assert.equal(await take(1_001), false);
  assert.equal(await take(1_000), true);
});

test('where nothing more may be kept it is counted again only after a while', async () => {
  const { state, take } = ground();
  state.kept = { answers: 100, bytes: 0 };
  for (let turn = 0; turn < 10; turn += 1) assert.equal(await take(), false);
  assert.equal(state.counts, 1);
  state.kept = { answers: 99, bytes: 0 };
  assert.equal(await take(), false);
  state.time = 10_000;
  assert.equal(await take(), true);
  assert.equal(state.counts, 2);
});

test('a count that fails is told, and made anew for the next one', async () => {
  const { rooms, read } = ground();
  const failing = () => Promise.reject(new Error('gone'));
  await assert.rejects(rooms.take('org', { bytes: 1, within, read: failing }), /gone/);
  assert.equal(await rooms.take('org', { bytes: 1, within, read }), true);
});
