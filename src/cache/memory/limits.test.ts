import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitsContract } from '../../../test/contract/limits.ts';
import type { Limit } from '../limits.ts';
import { memoryLimits } from './limits.ts';

limitsContract('memory', async () => {
  // Where adding the window and taking it off again leaves a hair more than the window.
  let time = 6_384.387000000001;
  return {
    limits: memoryLimits({ now: () => time }),
    pass: async (milliseconds) => {
      time += milliseconds;
    },
    close: async () => undefined,
  };
});

test('past its bound the least recently used keys are forgotten, refused ones in use are not', async () => {
  const limits = memoryLimits({ now: () => 0, mostKeys: 3 });
  const once: Limit = { name: 'once', most: 1, seconds: 60 };
  for (const key of ['a', 'b', 'c']) await limits.take(once, key);
  assert.equal((await limits.take(once, 'a')).allowed, false);
  await limits.take(once, 'd');
  assert.equal((await limits.look(once, 'a')).allowed, false);
  assert.equal((await limits.look(once, 'b')).allowed, true);
});

test('a flood of keys at one limit makes no other limit forget', async () => {
  const limits = memoryLimits({ now: () => 0, mostKeys: 3 });
  const [once, flooded] = ['once', 'flooded'].map((name): Limit => ({ name, most: 1, seconds: 60 }));
  assert.ok(once && flooded);
  await limits.take(once, 'a');
  for (let key = 0; key < 100; key++) await limits.take(flooded, String(key));
  assert.equal((await limits.take(once, 'a')).allowed, false);
});

test('what is refused or only looked at takes no room', async () => {
  const limits = memoryLimits({ now: () => 0, mostKeys: 1 });
  const once: Limit = { name: 'once', most: 1, seconds: 60 };
  await limits.take(once, 'a');
  for (let key = 0; key < 10; key++) await limits.look(once, String(key));
  assert.equal((await limits.take(once, 'a')).allowed, false);
});
