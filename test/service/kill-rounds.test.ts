import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from './eventually.ts';
import { openServiceGround, serviceEngines } from './ground.ts';
import { journal } from './journal.ts';

/** 3 in the suite; `TEST_ROUNDS=30` is the long run. */
const rounds = Number(process.env['TEST_ROUNDS'] ?? 3);

/** How long others leave to a process that died what it began, and a little more. */
const holdMilliseconds = 31_000;

for (const engine of serviceEngines) {
  const name = `${rounds} kills under load on ${engine.name} have lost nothing that was acknowledged, and left no half`;
  test(name, { skip: engine.skip, timeout: 60_000 + rounds * 30_000 }, async (context) => {
    await using ground = await openServiceGround(engine);
    const written = journal();
    const services = [...(await ground.startAll(Math.min(2, engine.instances)))];
    const urls = () => services.map(({ url }) => url);
    for (let round = 0; round < rounds; round += 1) {
      const load = written.load(urls(), { round, until: 40 + (round % 8) * 7 });
      await load.enough;
      const place = round % services.length;
      await services[place]?.stop('SIGKILL');
      // The others work on meanwhile.
      services[place] = await ground.start();
      await load.end();
      await written.verify(urls());
    }
    await ground.stopAll();
    await ground.passTime(holdMilliseconds);
    const { url } = await ground.start();
    await written.verify([url]);
    await eventually(async () => {
      const { organizations, users, collections } = await ground.inspect();
      const live = organizations.filter(({ status }) => status === 'active');
      // Of a deletion that changed hands the name of the collection stays reserved.
      assert.ok(organizations.every(({ status }) => status === 'active' || status === 'deleted'));
      assert.deepEqual(users.map(({ id }) => id).sort(), live.map(({ admin_user_id }) => admin_user_id).sort());
      assert.deepEqual(collections, live.map(({ collection_name }) => collection_name).sort());
    });
    context.diagnostic(JSON.stringify(written.counts()));
  });
}
