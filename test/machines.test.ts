import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { suite, test } from 'node:test';
import { firstDeliveries } from './broker/consumer.ts';
import { consumeLasting } from './broker/lasting-consumer.ts';
import { lackingRabbitmq } from './broker/own-rabbitmq.ts';
import { type Machines, startMachines } from './machines/ground.ts';
import { type Answered, type Load, p99, shown, startLoad, type Tenant } from './machines/load.ts';
import { missingServer } from './mongodb/server.ts';
import { lackingNginx } from './nginx-server.ts';
import { missingRedis } from './redis/address.ts';
import { eventually } from './service/eventually.ts';

const skip = missingServer || missingRedis || lackingRabbitmq || lackingNginx;

/** How long after a fault all is to be as before. */
const recoverySeconds = 10;

/** So many answers in a row tell. */
const telling = 120;

const settings = { ACCESS_TOKEN_MINUTES: '60' };

function isGood({ status }: Answered): boolean {
  return status >= 200 && status < 300;
}

/** Waits until `telling` answers in a row, asked after the fault, are good and about as fast as before. */
async function recovered(load: Load, { since, before }: Recovery, what: string): Promise<void> {
  const most = before.map((milliseconds) => Math.max(3 * milliseconds, 250));
  const isBack = (answers: readonly Answered[]) => {
    const later = answers.filter(({ begun }) => begun > since);
    for (let from = 0; from + telling <= later.length; from += 20) {
      const some = later.slice(from, from + telling);
      if (some.every(isGood) && isWithin(p99s(some), most)) return true;
    }
    return false;
  };
  await load.until(isBack, recoverySeconds, `${what}: p99s of at most ${most.map(Math.round)} ms`);
}

/** The p99 of calls on documents and that of changes of collections, which take several steps: neither hides the other. */
function p99s(answers: readonly Answered[]): readonly number[] {
  const isOfDocuments = ({ call }: Answered) => call.includes('/documents/');
  return [p99(answers.filter(isOfDocuments)), p99(answers.filter((answer) => !isOfDocuments(answer)))];
}

function isWithin(milliseconds: readonly number[], most: readonly number[]): boolean {
  return milliseconds.every((each, place) => each <= (most[place] ?? 0));
}

interface Recovery {
  readonly since: number;
  /** The {@link p99s} before the fault, in milliseconds. */
  readonly before: readonly number[];
}

/** All events of an organization, by its own page. */
async function eventsOf(
  { url }: Machines,
  { id, token }: Tenant,
): Promise<{ id: string; type: string; data: { name?: string } }[]> {
  const found: { id: string; type: string; data: { name?: string } }[] = [];
  for (let after = ''; ; ) {
    const response = await fetch(`${url}/v1/organizations/${id}/events?limit=1000${after}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(response.status, 200);
    const page = (await response.json()) as { data: typeof found; next_cursor: string | null };
    found.push(...page.data);
    if (page.next_cursor === null) return found;
    after = `&cursor=${encodeURIComponent(page.next_cursor)}`;
  }
}

suite('three instances behind nginx, on a database, a Redis and a RabbitMQ', { skip, timeout: 600_000 }, () => {
  test('lose nothing that was acknowledged while each part is killed in turn, and are as fast as before within ten seconds', async (context) => {
    await using ground = await startMachines(settings);
    await using consumer = await consumeLasting(ground.broker.url);
    const tenants = await ground.signUp(8);
    await using load = startLoad(ground.url, tenants);
    await load.until((answers) => answers.length >= 1_000, 60, 'a beginning');
    // What is compared later is the same mixture of calls, deletions of collections among them.
    const before = p99s(load.answers.slice(-600));
    const faults: readonly (readonly [string, () => Promise<void>])[] = [
      ['an instance that is killed', () => ground.restart(0, 'SIGKILL')],
      ['an instance that is stopped', () => ground.restart(1, 'SIGTERM')],
      ['an instance that slept beyond its lease, and wakes', () => ground.sleepBeyondLease()],
      ['a Redis that is gone', () => ground.redis.kill()],
      ['a Redis that is back, empty', () => ground.redis.restart()],
      ['a broker that is gone', () => ground.broker.kill()],
      ['a broker that is back', () => ground.broker.restart()],
      ['a database that crashes', () => ground.database.crash()],
      ['another instance that is killed', () => ground.restart(2, 'SIGKILL')],
    ];
    for (const [what, act] of faults) {
      const asked = load.answers.length;
      await act();
      const since = performance.now();
      await recovered(load, { since, before }, what);
      context.diagnostic(
        `${what}: ${shown(load.answers.slice(asked))}; back in ${Math.round(performance.now() - since)} ms`,
      );
    }
    await load.end();
    for (const tenant of tenants) {
      const { documents, collections } = load.acknowledged(tenant);
      const authorization = `Bearer ${tenant.token}`;
      for (const document of documents) {
        const url = `${ground.url}/v1/organizations/${tenant.id}/collections/default/documents/${document}`;
        assert.equal(
          (await fetch(url, { headers: { authorization } })).status,
          200,
          'an acknowledged document is there',
        );
      }
      const events = await eventuallyQuiet(ground, tenant);
      const created = new Set(events.filter(({ type }) => type === 'collection.created').map(({ data }) => data.name));
      assert.deepEqual(
        collections.filter((name) => !created.has(name)),
        [],
        'each collection has its event',
      );
      const verified = await fetch(`${ground.url}/v1/organizations/${tenant.id}/events/verify`, {
        headers: { authorization },
      });
      assert.equal(((await verified.json()) as { broken: unknown }).broken, null);
      await consumer.until((received) => {
        const ids = new Set(received.map(({ id }) => id));
        return events.every(({ id }) => ids.has(id));
      });
      const order = firstDeliveries(consumer.received).get(tenant.id) ?? [];
      assert.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
        'first deliveries are in order',
      );
      assert.equal(order[0], 1);
    }
  });

  test('that are restarted one after the other by SIGTERM fail no request', async () => {
    await using ground = await startMachines(settings);
    const tenants = await ground.signUp(8);
    await using load = startLoad(ground.url, tenants);
    await load.until((answers) => answers.length >= 300, 60, 'a beginning');
    for (let place = 0; place < ground.services.length; place += 1) {
      await ground.restart(place, 'SIGTERM');
      const since = performance.now();
      await load.until((answers) => answers.filter(({ begun }) => begun > since).length >= 200, 60, 'more answers');
    }
    await load.end();
    assert.deepEqual(shown(load.answers.filter((answer) => !isGood(answer))), '');
  });

  test('do once what is asked a hundred times at once with one Idempotency-Key', async () => {
    await using ground = await startMachines(settings);
    const [tenant] = await ground.signUp(1);
    assert.ok(tenant);
    const path = `/v1/organizations/${tenant.id}/collections/default/documents`;
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 100 }, async () => {
        // What still is in work elsewhere is told so, and asked again.
        return await eventually(async () => {
          const response = await fetch(`${ground.url}${path}`, {
            method: 'POST',
            headers: {
              authorization: `Bearer ${tenant.token}`,
              'content-type': 'application/json',
              'idempotency-key': key,
            },
            body: '{"once":true}',
          });
          const text = await response.text();
          assert.equal(response.status, 201, text);
          return text;
        });
      }),
    );
    assert.equal(new Set(answers).size, 1);
    const counted = await fetch(`${ground.url}/v1/organizations/${tenant.id}/collections/default/count`, {
      headers: { authorization: `Bearer ${tenant.token}` },
    });
    assert.deepEqual(await counted.json(), { documents: 1 });
  });
});

/** An organization's events when no more come: a deletion may still be finished by another instance. */
async function eventuallyQuiet(ground: Machines, tenant: Tenant) {
  let last = await eventsOf(ground, tenant);
  await eventually(async () => {
    const events = await eventsOf(ground, tenant);
    const isSame = events.length === last.length;
    last = events;
    const count = (type: string) => events.filter((event) => event.type === type).length;
    assert.ok(isSame && count('collection.deleted') === count('collection.erased'), 'events still come');
  });
  return last;
}
