import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { limitsContract } from '../../../test/contract/limits.ts';
import { missingRedis } from '../../../test/redis/address.ts';
import { keysOf, newInstallation, openTestSharing, passTimeInRedis, plainRedis } from '../../../test/redis/ground.ts';
import { startRedis } from '../../../test/redis/server.ts';
import type { Claim, Limit, Limits } from '../limits.ts';

const three: Limit = { name: 'three', most: 3, seconds: 60 };

async function allowedOf(limits: readonly Limits[], calls: number, claims: readonly Claim[]): Promise<number> {
  let allowed = 0;
  for (let call = 0; call < calls; call++) {
    const standings = (await limits[call % limits.length]?.takeAll(claims)) ?? [];
    if (standings.every((each) => each.allowed)) allowed += 1;
  }
  return allowed;
}

suite('limits on Redis', { skip: missingRedis, timeout: 60_000 }, () => {
  limitsContract('redis', async () => {
    const installation = newInstallation();
    let ahead = 0;
    const sharing = await openTestSharing({ installation, elapsed: () => performance.now() + ahead });
    const plain = plainRedis();
    return {
      limits: sharing.limits,
      async pass(milliseconds) {
        ahead += milliseconds;
        await passTimeInRedis(plain.client, installation, milliseconds);
      },
      async close() {
        await sharing.close();
        await plain[Symbol.asyncDispose]();
      },
    };
  });

  test('instances count together, and installations apart', async () => {
    const installation = newInstallation();
    await using one = await openTestSharing({ installation });
    await using two = await openTestSharing({ installation });
    await using other = await openTestSharing();
    const claims = [{ limit: three, key: 'a' }];
    assert.equal(await allowedOf([one.limits, two.limits], 8, claims), 3);
    assert.equal(await allowedOf([other.limits], 8, claims), 3);
  });

  test('every key has a prefix with a version, an end, and nothing of what is counted in its name', async () => {
    const installation = newInstallation();
    await using sharing = await openTestSharing({ installation });
    await using plain = plainRedis();
    await sharing.limits.takeAll([
      { limit: three, key: 'ada@example.com 192.0.2.1' },
      { limit: { ...three, name: 'long' }, key: 'x'.repeat(10_000) },
    ]);
    const keys = await keysOf(plain.client, installation);
    assert.equal(keys.length, 2);
    for (const key of keys) {
      assert.match(key, /^tenantry:1:\{test-[0-9a-f]+\}:limit:(three|long):[\w-]{43}$/);
      const left = await plain.client.pttl(key);
      assert.ok(left > 0 && left <= 60_000, `${left}`);
    }
  });

  test('a key that has lost its end gets one again', async () => {
    const installation = newInstallation();
    await using sharing = await openTestSharing({ installation });
    await using other = await openTestSharing({ installation });
    await using plain = plainRedis();
    for (let call = 0; call < 3; call++) await sharing.limits.take(three, 'a');
    for (const key of await keysOf(plain.client, installation)) await plain.client.persist(key);
    assert.equal((await other.limits.take(three, 'a')).allowed, false);
    for (const key of await keysOf(plain.client, installation)) assert.ok((await plain.client.pttl(key)) > 0);
  });

  test('who is past a limit is refused without asking again', async () => {
    await using server = await startRedis();
    await using sharing = await openTestSharing({ url: server.url });
    await using plain = plainRedis(server.url);
    for (let call = 0; call < 3; call++) await sharing.limits.take(three, 'a');
    const calls = async () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(await plain.client.info('commandstats'))?.[1]);
    const before = await calls();
    for (let call = 0; call < 100; call++) assert.equal((await sharing.limits.take(three, 'a')).allowed, false);
    assert.equal(await calls(), before);
  });

  test('all limits of a request are one command', async () => {
    await using server = await startRedis();
    await using sharing = await openTestSharing({ url: server.url });
    await using plain = plainRedis(server.url);
    const claims = ['a', 'b', 'c', 'd'].map((name) => ({ limit: { ...three, name }, key: 'k' }));
    await sharing.limits.takeAll(claims);
    const calls = async () => {
      const told = await plain.client.info('commandstats');
      return ['evalsha', 'eval'].map((name) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(told)?.[1]));
    };
    const [before = 0, whole] = await calls();
    await sharing.limits.takeAll(claims);
    assert.deepEqual(await calls(), [before + 1, whole]);
  });

  test('the script is known again after a restart of the server', async () => {
    await using server = await startRedis();
    await using sharing = await openTestSharing({ url: server.url });
    await using plain = plainRedis(server.url);
    await sharing.limits.take(three, 'a');
    await plain.client.script('FLUSH');
    assert.equal((await sharing.limits.take(three, 'a')).remaining, 1);
    assert.equal(sharing.standing().isUp, true);
  });
});
