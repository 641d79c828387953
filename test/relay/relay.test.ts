import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { trails } from '../../src/events/event.ts';
import { relayPositions } from '../../src/events/relay-position.ts';
import { pauseAfter } from '../../src/relay/relay.ts';
import { type Progress, settleProgress } from '../../src/relay/settle.ts';
import { remove } from '../../src/store/records.ts';
import { brokerAt, brokers, type TestBroker } from '../broker/brokers.ts';
import { firstDeliveries, type Received } from '../broker/consumer.ts';
import { consumeNats, missingNats, ownNats } from '../broker/nats.ts';
import { startBrokerProxy } from '../broker/proxy.ts';
import { testClock } from '../clock.ts';
import type { Engine } from '../contract/engine.ts';
import { getExisting } from '../contract/expect.ts';
import { openGround } from '../contract/ground.ts';
import { engines } from '../engines.ts';
import { eventually } from '../service/eventually.ts';
import { newOrganizations, relayKinds, startRelay, waiting, writeEvents } from './ground.ts';

/** How many different messages of these organizations came. */
function countOf(received: readonly Received[], organizations: readonly string[]): number {
  const deliveries = firstDeliveries(received);
  return organizations.reduce((sum, organization) => sum + (deliveries.get(organization)?.length ?? 0), 0);
}

/** Fails unless all of the first deliveries of each came in order, from the first to the last. */
function assertInOrder(received: readonly Received[], organizations: readonly string[], count: number): void {
  const deliveries = firstDeliveries(received);
  const all = Array.from({ length: count }, (_, index) => index + 1);
  for (const organization of organizations) assert.deepEqual(deliveries.get(organization), all);
}

function relaying(engine: Engine, broker: TestBroker): void {
  test('hands on what is there and what comes, as CloudEvents, and then nothing waits', async () => {
    await using ground = await openGround(engine, { kinds: relayKinds });
    await using consumer = await broker.consume();
    const [organization = ''] = newOrganizations(1);
    // More than are read at once.
    await writeEvents(ground.records, organization, 60);
    await using relay = startRelay(ground.records, await brokerAt(broker.url));
    await consumer.until((received) => countOf(received, [organization]) === 60);
    await writeEvents(ground.records, organization, 5);
    await consumer.until((received) => countOf(received, [organization]) === 65);
    await eventually(async () => assert.deepEqual(await waiting(ground.records), []));
    await relay.end();
    assertInOrder(consumer.received, [organization], 65);
    assert.equal(relay.published, 65);
    assert.equal(relay.pending.at(-1), 0);
    const ours = consumer.received.filter(({ id }) => id.startsWith(organization));
    const { data, ...envelope } = JSON.parse(ours[0]?.body ?? '');
    assert.deepEqual(envelope, {
      specversion: '1.0',
      id: `${organization}.000000000001`,
      source: 'urn:test',
      type: 'user.signed_in',
      subject: organization,
      time: data.time,
      datacontenttype: 'application/json',
    });
    assert.deepEqual([data.id, data.sequence, data.data], [envelope.id, 1, { number: 0 }]);
    assert.deepEqual(
      ours.map(({ key }) => key),
      ours.map(() => broker.keyOf('user.signed_in')),
    );
    const { relayed, pending_since } = await getExisting(ground.records, trails, organization);
    assert.deepEqual([relayed, pending_since], [65, undefined]);
  });

  test('a connection that is cut again and again loses nothing, and what comes first comes in order', async () => {
    await using ground = await openGround(engine, { kinds: relayKinds });
    await using proxy = await startBrokerProxy(broker.url);
    await using consumer = await broker.consume();
    const [organizations, count] = [newOrganizations(10), engine.share === 1 ? 60 : 20];
    proxy.cutEvery(30_000);
    await using relay = startRelay(ground.records, await brokerAt(proxy.url));
    await Promise.all(organizations.map((each, turn) => writeEvents(ground.recordsOf(turn), each, count)));
    await consumer.until((received) => countOf(received, organizations) === organizations.length * count);
    proxy.cutEvery(undefined);
    await eventually(async () => assert.deepEqual(await waiting(ground.records), []));
    await relay.end();
    assertInOrder(consumer.received, organizations, count);
    assert.ok(proxy.cuts >= 3, `${proxy.cuts} cuts`);
    assert.ok(relay.failures >= 1);
  });

  test('ends at once where the broker takes connections and says nothing', async () => {
    await using ground = await openGround(engine, { kinds: relayKinds });
    await using proxy = await startBrokerProxy(broker.url);
    proxy.fallSilent();
    await using relay = startRelay(ground.records, await brokerAt(proxy.url));
    await eventually(async () => assert.equal(proxy.connections, 1));
    const begun = performance.now();
    await relay.end();
    assert.ok(performance.now() - begun < 2_000);
    assert.equal(relay.failures, 0);
  });
}

for (const engine of engines) {
  for (const broker of brokers) {
    suite(`the relay on the ${engine.name} engine to ${broker.name}`, { skip: broker.skip, timeout: 240_000 }, () =>
      relaying(engine, broker),
    );
  }

  suite(`the relay on the ${engine.name} engine`, { timeout: 120_000 }, () => {
    test('how far it came is stored, for a trail to its end in the trail itself, unless that has gone on', async () => {
      await using ground = await openGround(engine, { kinds: relayKinds });
      const { records } = ground;
      const [one = '', two = '', gone = ''] = newOrganizations(3);
      for (const each of [one, two, gone]) await writeEvents(records, each, 3);
      const settle = (progress: readonly Progress[]) => settleProgress(records, progress, 32);
      await settle([
        { trail: one, position: undefined, sequence: 2 },
        { trail: two, position: undefined, sequence: 3 },
      ]);
      const position = await getExisting(records, relayPositions, one);
      assert.equal(position.sequence, 2);
      assert.deepEqual((await waiting(records)).map(({ id }) => id).sort(), [one, gone].sort());
      assert.equal((await getExisting(records, trails, two)).relayed, 3);
      await writeEvents(records, two, 1);
      const { pending_since, time } = await getExisting(records, trails, two);
      assert.equal(pending_since, time);
      await records.commit([remove(trails, await getExisting(records, trails, gone))]);
      await settle([
        { trail: gone, position: undefined, sequence: 3 },
        { trail: two, position: undefined, sequence: 3 },
        { trail: one, position, sequence: 3 },
      ]);
      assert.equal((await getExisting(records, relayPositions, two)).sequence, 3);
      assert.deepEqual(
        (await waiting(records)).map(({ id }) => id),
        [two],
      );
      assert.equal(await records.get(relayPositions, gone), undefined);
    });

    test('of a trail that always goes on it is not told that events wait since it began to', {
      skip: missingNats,
    }, async () => {
      await using ground = await openGround(engine, { kinds: relayKinds });
      await using nats = await ownNats();
      await nats.start();
      const [organization = ''] = newOrganizations(1);
      await using relay = startRelay(ground.records, await brokerAt(nats.url));
      let isOver = false;
      using _ = {
        [Symbol.dispose]() {
          isOver = true;
        },
      };
      const writing = (async () => {
        while (!isOver) await writeEvents(ground.records, organization, 1);
      })();
      await eventually(async () => assert.ok(relay.published > 20));
      const [published, later] = [relay.published, new Date().toISOString()];
      await eventually(async () => assert.ok(relay.published > published + 20 && (relay.waitingSince ?? '') >= later));
      isOver = true;
      await writing;
      await relay.end();
    });

    test('a broker that is killed again and again in the midst of it has all in the end, in order', {
      skip: missingNats,
    }, async () => {
      await using ground = await openGround(engine, { kinds: relayKinds });
      await using nats = await ownNats();
      await nats.start();
      const organizations = newOrganizations(10);
      await using relay = startRelay(ground.records, await brokerAt(nats.url));
      let isOver = false;
      using _ = {
        [Symbol.dispose]() {
          isOver = true;
        },
      };
      const writing = organizations.map(async (organization, turn) => {
        let count = 0;
        for (; !isOver; count += 1) await writeEvents(ground.recordsOf(turn), organization, 1);
        return count;
      });
      for (let kill = 1; kill <= 3; kill += 1) {
        const published = relay.published + 10;
        await eventually(async () => assert.ok(relay.published >= published));
        await nats.kill();
        await eventually(async () => assert.ok(relay.failures >= kill));
        await nats.start();
      }
      isOver = true;
      const counts = await Promise.all(writing);
      await using consumer = await consumeNats(nats.url, 'first');
      const all = counts.reduce((sum, count) => sum + count, 0);
      await consumer.until((received) => countOf(received, organizations) === all);
      await eventually(async () => assert.deepEqual(await waiting(ground.records), []));
      for (const [place, each] of organizations.entries()) assertInOrder(consumer.received, [each], counts[place] ?? 0);
    });

    test('a broker that is gone costs nothing but time: few lines, longer pauses, and all comes when it is back', {
      skip: missingNats,
    }, async () => {
      await using ground = await openGround(engine, { kinds: relayKinds });
      await using nats = await ownNats();
      const organizations = newOrganizations(5);
      for (const each of organizations) await writeEvents(ground.records, each, 10);
      const clock = testClock();
      await using relay = startRelay(ground.records, await brokerAt(nats.url), clock.wait);
      const begun = clock.now();
      for (let failure = 0; failure < 130; failure += 1) {
        await clock.whenWaiting();
        clock.pass(pauseAfter(failure + 1, 0.5));
      }
      await clock.whenWaiting();
      assert.ok(clock.now() - begun > 3_600_000, 'an hour has passed');
      assert.equal(relay.failures, 131);
      assert.equal(relay.logged.length, 8);
      assert.equal(relay.pending.at(-1), 5);
      await nats.start();
      clock.pass(30_000);
      await eventually(async () => assert.equal(relay.published, 50));
      await using consumer = await consumeNats(nats.url, 'first');
      await consumer.until((received) => countOf(received, organizations) === 50);
      assertInOrder(consumer.received, organizations, 10);
      // Not before it has stood for a while: one that comes and goes would have two lines each time.
      assert.equal(relay.logged.length, 8);
      for (let round = 0; round < 50; round += 1) {
        await clock.whenWaiting();
        clock.pass(200);
      }
      await clock.whenWaiting();
      assert.equal(relay.logged.at(-1), 'events go to the broker again');
      await relay.end();
    });
  });
}

test('pauses grow up to half a minute, and no two instances have the same', () => {
  assert.deepEqual(
    [1, 2, 3, 8, 20, 10_000].map((failures) => pauseAfter(failures, 0.5)),
    [250, 500, 1_000, 30_000, 30_000, 30_000],
  );
  assert.deepEqual([pauseAfter(1, 0), pauseAfter(1, 0.998)], [125, 374.5]);
});
