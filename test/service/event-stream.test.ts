import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { openStream } from '../event-stream.ts';
import { call, create, signIn } from './calls.ts';
import { openServiceGround, serviceEngines } from './ground.ts';

const path = '/v1/organizations/acme/events/stream?after=0';

for (const engine of serviceEngines) {
  suite(`followers of events on ${engine.name}`, { skip: engine.skip, timeout: 120_000 }, () => {
    test('have those of every instance, and when theirs stops go on at another without gap or double', async () => {
      await using ground = await openServiceGround(engine);
      const services = await ground.startAll(Math.min(2, engine.instances));
      const [first, last] = [services[0], services.at(-1)];
      assert.ok(first && last);
      assert.equal((await create(first.url, 'acme')).status, 201);
      const token = await signIn(first.url, 'acme');
      const follow = (url: string, lastEventId?: string) =>
        openStream(Number(new URL(url).port), path, { token, lastEventId });
      const readers = await Promise.all(services.map(({ url }) => follow(url)));
      const add = async (url: string, name: string) => {
        const added = await call(url, ['POST', '/v1/organizations/acme/collections'], { body: { name }, token });
        assert.equal(added.status, 201);
      };
      await Promise.all([add(first.url, 'one'), add(last.url, 'two'), add(first.url, 'three')]);
      const seen = await Promise.all(readers.map((reader) => reader.has(5)));
      for (const each of seen) assert.deepEqual(each, seen[0]);
      const begun = performance.now();
      const [{ code }] = await Promise.all([first.stop(), readers[0]?.ended()]);
      assert.equal(code, 0);
      assert.ok(performance.now() - begun < 5_000);
      const { url } = first === last ? await ground.start() : last;
      await add(url, 'four');
      using again = await follow(url, readers[0]?.events.at(-1)?.id);
      assert.deepEqual(
        (await again.has(1)).map(({ id }) => id),
        ['6'],
      );
      for (const reader of readers) reader.hangUp();
    });
  });
}
