import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { missingRedis } from '../../../test/redis/address.ts';
import { newInstallation, openTestSharing, type TestSharing } from '../../../test/redis/ground.ts';
import { type OwnRedis, startRedis } from '../../../test/redis/server.ts';
import { eventually } from '../../../test/service/eventually.ts';
import type { Limit } from '../limits.ts';

const hundred: Limit = { name: 'hundred', most: 100, seconds: 600 };

/** More than a request may ever wait for Redis, on a busy machine. */
const longest = 250;

async function until(sharing: TestSharing, isUp: boolean): Promise<void> {
  await eventually(async () => assert.equal(sharing.standing().isUp, isUp));
}

/** How a server can be away. */
const absences: Readonly<
  Record<string, { begin(server: OwnRedis): Promise<void>; end(server: OwnRedis): Promise<void> }>
> = {
  killed: { begin: (server) => server.kill(), end: (server) => server.restart() },
  'silent, with its connections open': {
    begin: async (server) => server.pause(),
    end: async (server) => server.resume(),
  },
};

suite('a Redis that goes away', { skip: missingRedis, timeout: 120_000 }, () => {
  for (const [absence, { begin, end }] of Object.entries(absences)) {
    test(`and is ${absence}: nobody waits for it, counting goes on from where it was, and all heals`, async () => {
      await using server = await startRedis();
      const shared = { url: server.url, installation: newInstallation() };
      await using one = await openTestSharing(shared);
      await using two = await openTestSharing(shared);
      for (let call = 0; call < 30; call++) await one.limits.take(hundred, 'a');
      for (let call = 0; call < 30; call++) await two.limits.take(hundred, 'a');
      await begin(server);
      const waits: number[] = [];
      for (let call = 0; call < 10; call++) {
        const begun = performance.now();
        const { remaining } = await two.limits.take(hundred, 'a');
        waits.push(performance.now() - begun);
        assert.equal(remaining, 39 - call);
      }
      assert.ok(Math.max(...waits) < longest, `${Math.max(...waits)} ms`);
      // The first one finds it out, and perhaps those that are sent with it.
      assert.ok((waits.toSorted((one, other) => one - other)[5] ?? 0) < 10, `${waits} ms`);
      await until(two, false);
      await end(server);
      await until(one, true);
      await until(two, true);
      // What was counted alone is told; a server that was ended has forgotten the rest.
      const told = (await two.limits.take(hundred, 'a')).remaining;
      const known = (await one.limits.look(hundred, 'a')).remaining;
      assert.equal(known, told);
      assert.equal(known, absence === 'killed' ? 89 : 29);
      assert.ok(one.logged.length + two.logged.length <= 8, JSON.stringify([one.logged, two.logged]));
      assert.ok(two.logged.some(({ level }) => level === 'warn'));
    });
  }

  test('a process starts without it, within a moment, and shares as soon as it is there', async () => {
    await using server = await startRedis();
    await server.kill();
    const begun = performance.now();
    await using sharing = await openTestSharing({ url: server.url });
    assert.ok(performance.now() - begun < 3_000);
    assert.equal((await sharing.limits.take(hundred, 'a')).remaining, 99);
    assert.deepEqual(
      sharing.logged.map(({ level }) => level),
      ['warn'],
    );
    await server.restart();
    await until(sharing, true);
    assert.equal((await sharing.limits.take(hundred, 'a')).remaining, 98);
  });

  test('a wrong password is told without it', async () => {
    await using server = await startRedis('--requirepass', 'right-one');
    const url = (password: string) => server.url.replace('//', `//:${password}@`);
    await using right = await openTestSharing({ url: url('right-one') });
    assert.equal(right.standing().isUp, true);
    await using wrong = await openTestSharing({ url: url('hidden-word') });
    assert.equal((await wrong.limits.take(hundred, 'a')).remaining, 99);
    assert.equal(wrong.standing().isUp, false);
    assert.doesNotMatch(JSON.stringify(wrong.logged), /hidden-word/);
    assert.match(JSON.stringify(wrong.logged), /NOAUTH|WRONGPASS|invalid username-password/);
  });
});
