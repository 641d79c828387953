import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testClock } from '../../test/clock.ts';
import { createSignInDelay } from './sign-in-delay.ts';

test('a log-in is held back for a second', async () => {
  const clock = testClock();
  let ended = false;
  const delayed = createSignInDelay(clock.wait)().then(() => {
    ended = true;
  });
  clock.pass(999);
  await new Promise(setImmediate);
  assert.equal(ended, false);
  clock.pass(1);
  await delayed;
});

test('a thousand are held back at once, the next is not, and it is again when they are through', async () => {
  const clock = testClock();
  const delay = createSignInDelay(clock.wait);
  const delayed = Array.from({ length: 1_000 }, delay);
  assert.equal(clock.waiting, 1_000);
  await delay();
  clock.pass(1_000);
  await Promise.all(delayed);
  const later = delay();
  assert.equal(clock.waiting, 1);
  clock.pass(1_000);
  await later;
});
