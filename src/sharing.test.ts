import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { openTenancy } from '../test/tenancy.ts';
import { openSharing } from './sharing.ts';

const limit = { name: 'any', most: 1, seconds: 60 };

/** Opens what a process without Redis has. */
async function openAlone(RATE_LIMIT: boolean) {
  const opened = await openTenancy();
  const { records, instance, log } = opened.tenancy;
  const metrics = { observeRedis: () => assert.fail('there is no Redis to show') };
  const sharing = await openSharing(
    { REDIS_URL: undefined, RATE_LIMIT },
    { records, isShared: true, instance, log, metrics },
  );
  return { sharing, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

test('without the address of a Redis its driver is not loaded, and limits are counted in memory', async () => {
  await using alone = await openAlone(true);
  const { limits, recent } = alone.sharing;
  assert.deepEqual(
    [(await limits.take(limit, 'a')).allowed, (await limits.take(limit, 'a')).allowed, recent.isTold()],
    [true, false, false],
  );
  const loaded = Object.keys(createRequire(import.meta.url).cache);
  assert.ok(loaded.length > 0);
  assert.deepEqual(
    loaded.filter((path) => path.includes('/node_modules/ioredis/')),
    [],
  );
  await alone.sharing.close();
});

test('where limits are off none is counted', async () => {
  await using alone = await openAlone(false);
  const { limits } = alone.sharing;
  for (let call = 0; call < 3; call++) assert.equal((await limits.take(limit, 'a')).allowed, true);
});
