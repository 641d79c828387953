import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unlimited } from './unlimited.ts';

test('without limits everything is allowed, however often', async () => {
  const limit = { name: 'any', most: 1, seconds: 60 };
  const standing = { allowed: true, remaining: 1, resetSeconds: 60 };
  for (let call = 0; call < 3; call++) assert.deepEqual(await unlimited.take(limit, 'a'), standing);
  assert.deepEqual(await unlimited.look(limit, 'a'), standing);
});

test('nor is any of several refused', async () => {
  const claims = [{ limit: { name: 'any', most: 0, seconds: 60 }, key: 'a' }];
  assert.deepEqual(
    (await unlimited.takeAll(claims)).map(({ allowed }) => allowed),
    [true],
  );
  assert.equal(unlimited.refusal(claims), undefined);
});
