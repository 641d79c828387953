import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { plainClient } from '../mongodb/scratch.ts';
import { create } from './calls.ts';
import { eventually } from './eventually.ts';
import { openServiceGround, serviceEngines } from './ground.ts';
import { heldLease } from './held-lease.ts';

for (const engine of serviceEngines) {
  const isShared = engine.instances > 1;

  suite(`the leases of a service on ${engine.name}`, { skip: engine.skip, timeout: 180_000 }, () => {
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
  });
}
