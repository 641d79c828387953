import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Broker } from '../../src/broker/broker.ts';
import { events, recording, trails } from '../../src/events/event.ts';
import { byService } from '../../src/events/origin.ts';
import { relayPositions } from '../../src/events/relay-position.ts';
import { type Records, remove } from '../../src/store/records.ts';
import { testClock } from '../clock.ts';
import { openGround } from '../contract/ground.ts';
import { engines } from '../engines.ts';
import { intercept } from '../intercept.ts';
import { eventually } from '../service/eventually.ts';
import { newOrganizations, relayKinds, startRelay, waiting, writeEvents } from './ground.ts';

/** A broker that takes everything, and the ids of what it has taken. */
function takingBroker(): Broker & { readonly taken: readonly string[] } {
  const taken: string[] = [];
  return {
    system: 'nats',
    shown: 'nats://test',
    taken,
    async open() {
      const breaking = new AbortController();
      return {
        async publish({ id }) {
          taken.push(id);
        },
        broken: breaking.signal,
        close: async () => breaking.abort(),
      };
    },
  };
}

/** A storage that shows no event behind the first so many, as a view from before they were written, until it is healed. */
function behind(records: Records, shown: number) {
  let isBehind = true;
  let empty = 0;
  const seen = intercept(records, 'list', async (forward, kind) => {
    const page = await forward();
    if (!isBehind || kind.name !== events.name) return page;
    const before = page.filter((record) => Number(record.id.slice(-12)) <= shown);
    if (before.length === 0) empty += 1;
    return before;
  });
  return {
    records: seen,
    heal() {
      isBehind = false;
    },
    get empty() {
      return empty;
    },
  };
}

for (const engine of engines) {
  suite(`the relay on the ${engine.name} engine, where events are not seen`, { timeout: 60_000 }, () => {
    for (const shown of [0, 2]) {
      test(`hands them on when they are, of 3 events with ${shown} before them, and rests meanwhile`, async () => {
        await using ground = await openGround(engine, { kinds: relayKinds });
        const [organization = ''] = newOrganizations(1);
        await writeEvents(ground.records, organization, 3);
        const [before] = await waiting(ground.records);
        const view = behind(ground.records, shown);
        const broker = takingBroker();
        const clock = testClock();
        await using relay = startRelay(view.records, broker, clock.wait);
        for (let round = 1; round <= 3; round += 1) {
          await clock.whenWaiting();
          assert.equal(view.empty, round, 'one look in a round');
          assert.equal(broker.taken.length, shown);
          const [trail] = await waiting(ground.records);
          assert.deepEqual([trail?.id, trail?.relayed], [organization, undefined]);
          assert.equal(relay.waitingSince, before?.pending_since);
          const position = await ground.records.get(relayPositions, organization);
          assert.equal(position?.sequence ?? 0, shown);
          clock.pass(200);
        }
        await clock.whenWaiting();
        view.heal();
        clock.pass(200);
        await eventually(async () => assert.deepEqual(await waiting(ground.records), []));
        assert.deepEqual(
          broker.taken.map((id) => Number(id.slice(-12))),
          [1, 2, 3],
        );
      });
    }

    test('waits no longer for those that retention has removed, and for no others', async () => {
      await using ground = await openGround(engine, { kinds: relayKinds });
      const { records } = ground;
      const [over = '', ending = ''] = newOrganizations(2);
      for (const [organization, milliseconds] of [
        [over, -1],
        [ending, 3_600_000],
      ] as const) {
        const expires_at = new Date(Date.now() + milliseconds).toISOString();
        const happening = { type: 'organization.deleted', expires_at } as const;
        await records.commit([recording(byService, organization, happening, new Date())]);
        const page = await records.list(events, 'organization_id', { prefix: organization, limit: 10 });
        await records.commit(page.map((event) => remove(events, event)));
      }
      const clock = testClock();
      await using _ = startRelay(records, takingBroker(), clock.wait);
      await clock.whenWaiting();
      assert.deepEqual(
        (await waiting(records)).map(({ id }) => id),
        [ending],
      );
      assert.equal((await records.get(trails, over))?.relayed, 1);
    });
  });
}
