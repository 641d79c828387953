import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { brokers } from '../broker/brokers.ts';
import { type Consumer, firstDeliveries } from '../broker/consumer.ts';
import { consumeNats, missingNats, ownNats } from '../broker/nats.ts';
import { plainClient } from '../mongodb/scratch.ts';
import { fallenAsleep } from './asleep.ts';
import { call, create, signIn } from './calls.ts';
import { eventually } from './eventually.ts';
import { openServiceGround, type ServiceGround, serviceEngines } from './ground.ts';
import { heldLease } from './held-lease.ts';

const token = 'o'.repeat(32);

interface Page<T> {
  readonly data: readonly T[];
  readonly next_cursor: string | null;
}

/** All of a list, page by page. */
async function listAll<T>(url: string, path: string): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`;
    const { data, next_cursor } = (await call(url, ['GET', `${path}?limit=100${query}`], { token })).body as Page<T>;
    all.push(...data);
    cursor = next_cursor;
  } while (cursor !== null);
  return all;
}

/** The numbers of all events of each organization, by its id. */
async function written(url: string): Promise<Map<string, number[]>> {
  const organizations = await listAll<{ id: string }>(url, '/v1/organizations');
  const entries = organizations.map(async ({ id }): Promise<[string, number[]]> => {
    const events = await listAll<{ sequence: number }>(url, `/v1/organizations/${id}/events`);
    return [id, events.map(({ sequence }) => sequence)];
  });
  return new Map(await Promise.all(entries));
}

/** Fails unless every event that is written comes, those that come first in order. */
async function assertAllCome(url: string, consumer: Consumer): Promise<number> {
  const expected = await written(url);
  const count = [...expected.values()].flat().length;
  const ours = () => [...firstDeliveries(consumer.received)].filter(([organization]) => expected.has(organization));
  await consumer.until(() => ours().reduce((sum, [, sequences]) => sum + sequences.length, 0) >= count);
  assert.deepEqual(new Map(ours()), new Map([...expected].filter(([, sequences]) => sequences.length > 0)));
  return count;
}

/** Creates organizations, and signs in to each, until a call fails or there are enough. */
async function load(url: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    try {
      await create(url, name);
      await signIn(url, name);
    } catch (error) {
      // It was killed.
      if (!(error instanceof TypeError)) throw error;
      return;
    }
  }
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, number) => `${prefix} ${number}`);
}

for (const engine of serviceEngines) {
  for (const broker of brokers) {
    const skip = engine.skip || broker.skip;
    suite(`events of a service on ${engine.name} to ${broker.name}`, { skip, timeout: 400_000 }, () => {
      test('a process that is killed between the handing on and its note, and under load, loses none', async () => {
        await using ground = await openServiceGround(engine);
        await using consumer = await broker.consume();
        const settings = { OPERATOR_TOKEN: token, BROKER_URL: broker.url };
        const doomed = await ground.start({ ...settings, FAIL_POINT: 'relay.published' });
        await load(doomed.url, names('first', 50));
        assert.equal((await doomed.ended).signal, 'SIGKILL');
        const second = await ground.start(settings);
        await Promise.all([
          load(second.url, names('second', 50)),
          consumer.until((received) => received.length >= 3).then(() => second.stop('SIGKILL')),
        ]);
        const last = await ground.start(settings);
        await load(last.url, names('last', 5));
        assert.ok((await assertAllCome(last.url, consumer)) >= 12);
      });
    });
  }
}

const mongodb = serviceEngines.filter(({ instances }) => instances > 1);

for (const engine of mongodb) {
  for (const broker of brokers) {
    const skip = engine.skip || broker.skip;
    suite(`the relay of two instances on ${engine.name} to ${broker.name}`, { skip, timeout: 400_000 }, () => {
      test('one that sleeps beyond its lease is followed by the other, and changes nothing more when it wakes', async () => {
        await using ground = await openServiceGround(engine);
        await using consumer = await broker.consume();
        const settings = { OPERATOR_TOKEN: token, BROKER_URL: broker.url };
        const sleeper = await ground.start({ ...settings, FAIL_POINT: 'relay.published:stop' });
        await eventually(async () => assert.equal(await heldLease(sleeper, 'relay'), '1'));
        const awake = await ground.start(settings);
        await create(awake.url, 'acme');
        await fallenAsleep(sleeper);
        await signIn(awake.url, 'acme');
        await assertAllCome(awake.url, consumer);
        assert.equal(await heldLease(awake, 'relay'), '1');
        await eventually(async () => assert.ok((await trailsOf(ground)).every(({ pending_since }) => !pending_since)));
        const before = await relayState(ground);
        sleeper.process.kill('SIGCONT');
        await eventually(async () => assert.equal(await heldLease(sleeper, 'relay'), '0'));
        assert.deepEqual(await relayState(ground), before);
        await signIn(awake.url, 'acme');
        await assertAllCome(awake.url, consumer);
        const { out } = await sleeper.stop();
        assert.match(out, /the lease on this work is lost: another instance does it/);
        // A clean stop hands it over at once, to whoever is left.
        const third = await ground.start(settings);
        const stopped = performance.now();
        await awake.stop();
        await eventually(async () => assert.equal(await heldLease(third, 'relay'), '1'));
        assert.ok(performance.now() - stopped < 8_000);
        await signIn(third.url, 'acme');
        await assertAllCome(third.url, consumer);
      });
    });
  }
}

suite('a service whose broker is not there', { skip: missingNats, timeout: 120_000 }, () => {
  test('is ready and does its work, tells how long events wait, and hands them on when it is', async () => {
    const [engine] = serviceEngines;
    assert.ok(engine);
    await using ground = await openServiceGround(engine);
    await using nats = await ownNats();
    const service = await ground.start({ OPERATOR_TOKEN: token, BROKER_URL: nats.url.replace('//', '//me:hidden@') });
    await load(service.url, names('acme', 20));
    assert.equal((await call(service.url, ['GET', '/health/ready'])).status, 200);
    await eventually(async () => {
      const metrics = await (await fetch(`${service.url}/metrics`)).text();
      assert.match(metrics, /^tenantry_relay_failures_total [1-9]/m);
      assert.match(metrics, /^tenantry_relay_pending_organizations 20$/m);
      assert.match(metrics, /^tenantry_relay_pending_seconds [1-9]/m);
    });
    await nats.start();
    await eventually(async () => {
      const metrics = await (await fetch(`${service.url}/metrics`)).text();
      assert.match(metrics, /^tenantry_relay_pending_organizations 0$/m);
    });
    await using consumer = await consumeNats(nats.url, 'first');
    assert.equal(await assertAllCome(service.url, consumer), 40);
    const { code, out, error } = await service.stop();
    assert.equal(code, 0);
    assert.match(error, /^ {2}Broker +nats:\/\/\*\*\*@127/m);
    assert.doesNotMatch(out + error, /hidden/);
  });
});

function databaseOf({ settings }: ServiceGround) {
  return plainClient().db(settings['DATABASE_NAME'] ?? '');
}

async function trailsOf(ground: ServiceGround) {
  return await databaseOf(ground).collection('trails').find().sort({ _id: 1 }).toArray();
}

async function relayState(ground: ServiceGround): Promise<unknown> {
  const positions = await databaseOf(ground).collection('relay_positions').find().sort({ _id: 1 }).toArray();
  const leases = await databaseOf(ground)
    .collection('leases')
    .find({ _id: 'relay' as never })
    .toArray();
  const isOf = ({ _id, version, owner }: Record<string, unknown>) => ({ _id, version, owner });
  return { trails: await trailsOf(ground), positions, leases: leases.map(isOf) };
}
