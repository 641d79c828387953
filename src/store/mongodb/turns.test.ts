import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createTurns } from './turns.ts';

const later = () => performance.now() + 60_000;

test('so many work at once, and the others in the order in which they came', async () => {
  const inTurn = createTurns(2)('a');
  const begun: number[] = [];
  const gates = Array.from({ length: 6 }, () => Promise.withResolvers<void>());
  const all = gates.map((gate, number) =>
    inTurn(async () => {
      begun.push(number);
      await gate.promise;
      return number;
    }, later()),
  );
  await nextTurn();
  assert.deepEqual(begun, [0, 1]);
  gates[1]?.resolve();
  await all[1];
  await nextTurn();
  assert.deepEqual(begun, [0, 1, 2]);
  for (const gate of gates) gate.resolve();
  assert.deepEqual(await Promise.all(all), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(begun, [0, 1, 2, 3, 4, 5]);
});

test('work that fails gives its turn on, and work whose turn does not come in time is not done', async () => {
  const inTurn = createTurns(1)('a');
  const fault = new Error('a fault');
  const gate = Promise.withResolvers<never>();
  const failing = inTurn(() => gate.promise, later());
  let late = 0;
  const refused = inTurn(async () => {
    late += 1;
  }, performance.now());
  const next = inTurn(async () => 'done', later());
  await assert.rejects(refused, { code: 'storage_unavailable', retryAfterSeconds: 5 });
  gate.reject(fault);
  await assert.rejects(failing, fault);
  assert.equal(await next, 'done');
  assert.equal(await inTurn(async () => 'again', performance.now()), 'again');
  assert.equal(late, 0);
});

test('a line that is flooded makes another wait for one of its turns at most, whatever waits in it', async () => {
  const turns = createTurns(1);
  const begun: string[] = [];
  const gate = Promise.withResolvers<void>();
  const begin = (line: string, name: string) =>
    turns(line)(async () => {
      begun.push(name);
      await gate.promise;
    }, later());
  const flood = Array.from({ length: 1_001 }, (_, number) => begin('a', `a${number}`));
  const others = ['b0', 'b1', 'c0'].map((name) => begin(name.slice(0, 1), name));
  gate.resolve();
  await Promise.all([...flood, ...others]);
  assert.deepEqual(begun.slice(0, 7), ['a0', 'a1', 'b0', 'c0', 'a2', 'b1', 'a3']);
  assert.equal(begun.at(-1), 'a1000');
  assert.equal(begun.length, 1_004);
});

test('a line whose work came to its end while it waited is left out', async () => {
  const turns = createTurns(1);
  const gate = Promise.withResolvers<void>();
  const working = turns('a')(() => gate.promise, later());
  const late = turns('b')(async () => assert.fail('done late'), performance.now());
  const next = turns('c')(async () => 'done', later());
  await assert.rejects(late, { code: 'storage_unavailable' });
  gate.resolve();
  await working;
  assert.equal(await next, 'done');
});
