import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOrganizationTurns } from './organization-turns.ts';

const tooMany = { name: 'EdgeError', code: 'rate_limited' };

test('so many of an organization are in work, the others wait in their order, and past that they are refused', async () => {
  const turns = createOrganizationTurns(2);
  const [first, second] = await Promise.all([turns.take('a'), turns.take('a')]);
  const begun: number[] = [];
  const waiting = Array.from({ length: 8 }, async (_, number) => {
    const end = await turns.take('a');
    begun.push(number);
    return end;
  });
  await assert.rejects(turns.take('a'), tooMany);
  assert.deepEqual(begun, []);
  // Another organization is not held up.
  (await turns.take('b'))();
  first?.();
  (await waiting[0])?.();
  await waiting[1];
  assert.deepEqual(begun, [0, 1]);
  second?.();
  for (const each of waiting.slice(1)) (await each)();
  assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 6, 7]);
});

test('a turn that is handed on is not taken by a newcomer, and all end where none is left', async () => {
  const turns = createOrganizationTurns(1);
  const first = await turns.take('a');
  const second = turns.take('a');
  first();
  let third = false;
  const last = turns.take('a').then((end) => {
    third = true;
    return end;
  });
  const end = await second;
  assert.equal(third, false);
  end();
  (await last)();
  (await turns.take('a'))();
});

test('who waits too long is refused, and is not in the way of those behind', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const turns = createOrganizationTurns(1);
  const first = await turns.take('a');
  const late = assert.rejects(turns.take('a'), tooMany);
  context.mock.timers.tick(5_000);
  await late;
  const next = turns.take('a');
  first();
  (await next)();
});
