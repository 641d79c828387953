import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { plainClient } from '../mongodb/scratch.ts';
import { fallenAsleep } from './asleep.ts';
import { create, remove, signIn } from './calls.ts';
import { eventually } from './eventually.ts';
import { openServiceGround, serviceEngines } from './ground.ts';
import { heldLease } from './held-lease.ts';

/** How long another leaves a deletion to who holds it, and a little more. */
const holdMilliseconds = 31_000;

for (const engine of serviceEngines) {
  const isShared = engine.instances > 1;

  suite(`the leases of a service on ${engine.name}`, { skip: engine.skip, timeout: 400_000 }, () => {
    test('a process that is killed is followed by the next one, which does its rounds', async () => {
      await using ground = await openServiceGround(engine);
      const first = await ground.start();
      await eventually(async () => assert.equal(await heldLease(first, 'rounds'), '1'));
      const second = isShared ? await ground.start() : undefined;
      await create(first.url, 'acme');
      await first.stop('SIGKILL');
      const begun = performance.now();
      const next = second ?? (await ground.start());
      await eventually(async () => assert.equal(await heldLease(next, 'rounds'), '1'));
      assert.ok(performance.now() - begun < 30_000);
    });

    test('a process that stops signs off, and another has its work at once', async () => {
      await using ground = await openServiceGround(engine);
      const first = await ground.start();
      await eventually(async () => assert.equal(await heldLease(first, 'rounds'), '1'));
      const second = isShared ? await ground.start() : undefined;
      const begun = performance.now();
      const { out } = await first.stop();
      assert.doesNotMatch(out, /"level":"warn"/);
      const next = second ?? (await ground.start());
      await eventually(async () => assert.equal(await heldLease(next, 'rounds'), '1'));
      assert.ok(performance.now() - begun < 8_000);
      if (!isShared) return;
      const database = plainClient().db(ground.settings['DATABASE_NAME'] ?? '');
      assert.equal(await database.collection('instances').countDocuments(), 1);
      await next.stop();
      assert.equal(await database.collection('instances').countDocuments(), 0);
    });

    if (!isShared) return;

    test('a process that waits for a lease says that it has none, from its start, so that an alert sees where nobody has it', async () => {
      await using ground = await openServiceGround(engine);
      const first = await ground.start();
      await eventually(async () => assert.equal(await heldLease(first, 'rounds'), '1'));
      const second = await ground.start();
      await eventually(async () => assert.equal(await heldLease(second, 'rounds'), '0'));
      assert.equal(await heldLease(second, 'relay'), undefined);
    });

    test('a round that sleeps beyond its lease is followed by that of another, and changes nothing more when it wakes', async () => {
      await using ground = await openServiceGround(engine);
      const sleeper = await ground.start({ FAIL_POINT: 'delete.taken-over:stop' });
      await eventually(async () => assert.equal(await heldLease(sleeper, 'rounds'), '1'));
      const awake = await ground.start();
      const deleting = await ground.start({ FAIL_POINT: 'delete.committed' });
      await create(awake.url, 'acme');
      const token = await signIn(awake.url, 'acme');
      await assert.rejects(remove(deleting.url, 'acme', token));
      await deleting.ended;
      await ground.passTime(holdMilliseconds);
      await fallenAsleep(sleeper);
      await eventually(async () => assert.equal(await heldLease(awake, 'rounds'), '1'));
      await ground.passTime(holdMilliseconds);
      await eventually(async () => {
        const { organizations, collections } = await ground.inspect();
        assert.deepEqual([organizations.map(({ status }) => status), collections], [['deleted'], []]);
      });
      const database = plainClient().db(ground.settings['DATABASE_NAME'] ?? '');
      const stored = async () =>
        await Promise.all(
          ['organizations', 'trails', 'events', 'leases'].map((kind) =>
            database
              .collection(kind)
              .find({}, { projection: { _commit: 0 } })
              .sort({ _id: 1 })
              .toArray(),
          ),
        );
      const before = await stored();
      sleeper.process.kill('SIGCONT');
      await eventually(async () => assert.equal(await heldLease(sleeper, 'rounds'), '0'));
      assert.deepEqual(await stored(), before);
      const { out } = await sleeper.stop();
      assert.match(out, /the lease on this work is lost: another instance does it/);
    });
  });
}
