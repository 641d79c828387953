import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { missingRedis } from '../redis/address.ts';
import { redisUrl } from '../redis/ground.ts';
import { startRedis } from '../redis/server.ts';
import { call, create, signIn } from './calls.ts';
import { mongodb } from './cut-ground.ts';
import { eventually } from './eventually.ts';
import { openServiceGround } from './ground.ts';
import { runCommand, type Service } from './service.ts';

const skip = mongodb.skip || missingRedis;

const operator = 'o'.repeat(32);

/** Limits that nothing in these tests reaches, but for those that a test names. */
const counting = {
  RATE_LIMIT: 'on',
  OPERATOR_TOKEN: operator,
  LIMIT_ADDRESS: '1000000/minute',
  LIMIT_LOGIN_ACCOUNT: '1000/minute',
} as const;

/** The call of a token that asks no more than who calls, and for which organization. */
function describe({ url }: Pick<Service, 'url'>, name: string, token: string) {
  return call(url, ['GET', `/v1/organizations/${encodeURIComponent(name)}`], { token });
}

function setLimit({ url }: Service, name: string, calls_per_minute: number) {
  const body = { limits: { calls_per_minute } };
  return call(url, ['PATCH', `/v1/organizations/${encodeURIComponent(name)}`], { body, token: operator });
}

/** How many of the calls were answered, by status. */
async function statusesOf(calls: readonly Promise<{ readonly status: number }>[]): Promise<Record<number, number>> {
  const answers = await Promise.all(calls);
  return Object.fromEntries(
    [...Map.groupBy(answers, ({ status }) => status)].map(([status, { length }]) => [status, length]),
  );
}

/** Two instances, and an organization that the second has not met yet. */
interface Pair {
  readonly one: Service;
  readonly two: Service;
  readonly name: string;
  readonly token: string;
}

/** What is changed by one, and how it shows at the other. */
interface Change {
  change(pair: Pair): Promise<{ readonly status: number }>;
  shows(pair: Pair, id: string): Promise<boolean>;
}

const changes: Readonly<Record<string, Change>> = {
  password: {
    change({ one, name, token }) {
      const body = { organization_name: name, password: 'another password' };
      return call(one.url, ['PUT', '/org/update'], { body, token });
    },
    shows: async ({ two, token }, id) => (await describe(two, id, token)).status === 401,
  },
  name: {
    change({ one, name, token }) {
      const body = { organization_name: name, new_organization_name: `${name} renamed` };
      return call(one.url, ['PUT', '/org/update'], { body, token });
    },
    async shows({ two, name, token }, id) {
      const [byName, byId] = await Promise.all([describe(two, name, token), describe(two, id, token)]);
      return byName.status !== 200 && (byId.body as { name: string }).name === `${name} renamed`;
    },
  },
  limit: {
    change: ({ one, name }) => setLimit(one, name, 5_000),
    shows: async ({ two, token }, id) =>
      String((await describe(two, id, token)).headers.get('ratelimit-policy')).includes('q=5000'),
  },
};

/** What an instance remembers of what others may change is looked up again when it is so old. */
const rememberedMilliseconds = 1_000;

/** What it takes to tell the others, and to be heard by them, on a machine that does much else. */
const toldMilliseconds = 250;

/** Whether the other was told of a change, or the machine was too slow to see it. */
type Outcome = 'told' | 'not told' | 'unclear';

/** Changes what the other has just begun to remember, and looks until it shows, or is so old that it would anyway. */
async function roundOf(pair: Pair, { change, shows }: Change): Promise<Outcome> {
  const { one, two, name, token } = pair;
  const failures = await failuresOf([one, two]);
  // Whatever the other remembers of it, it reads after this.
  const begun = performance.now();
  const known = await describe(two, name, token);
  assert.equal(known.status, 200);
  const { id } = known.body as { id: string };
  assert.equal(await shows(pair, id), false);
  assert.equal((await change(pair)).status, 200);
  const answered = performance.now();
  for (;;) {
    const asked = performance.now();
    const isShown = await shows(pair, id);
    if (isShown) return performance.now() - begun < rememberedMilliseconds ? 'told' : 'unclear';
    if (asked - answered > toldMilliseconds) {
      return (await failuresOf([one, two])) === failures ? 'not told' : 'unclear';
    }
  }
}

/** How often Redis has failed these. */
async function failuresOf(services: readonly Service[]): Promise<number> {
  const metrics = await Promise.all(services.map(async ({ url }) => await (await fetch(`${url}/metrics`)).text()));
  const counts = metrics.map((text) => Number(/^tenantry_redis_failures_total (\d+)$/m.exec(text)?.[1]));
  return counts.reduce((sum, count) => sum + count);
}

suite('instances on one Redis', { skip, timeout: 180_000, concurrency: 2 }, () => {
  test('a limit of 600 a minute over three instances lets 600 through, give or take two in a hundred', async () => {
    await using ground = await openServiceGround(mongodb);
    const instances = await ground.startAll(3, {
      ...counting,
      REDIS_URL: redisUrl(),
      LIMIT_ORGANIZATION: '600/minute',
    });
    const [one] = instances;
    assert.ok(one);
    await create(one.url, 'acme');
    const token = await signIn(one.url, 'acme');
    const begun = performance.now();
    let [allowed, refused] = [0, 0];
    for (let round = 0; round < 30; round++) {
      const {
        200: let_through = 0,
        429: held = 0,
        ...others
      } = await statusesOf(
        instances.flatMap((instance) => Array.from({ length: 10 }, () => describe(instance, 'acme', token))),
      );
      assert.deepEqual(others, {});
      allowed += let_through;
      refused += held;
    }
    assert.ok(performance.now() - begun < 60_000, 'within the minute');
    assert.equal(allowed + refused, 900);
    assert.ok(Math.abs(allowed - 600) <= 12, `${allowed} were let through`);
  });

  test('what one changes counts on every other at once: a password, a name, a limit', async () => {
    await using ground = await openServiceGround(mongodb);
    const [one, two] = await ground.startAll(2, { ...counting, REDIS_URL: redisUrl() });
    assert.ok(one && two);
    for (const [what, change] of Object.entries(changes)) {
      const outcomes: Outcome[] = [];
      const told = () => outcomes.filter((outcome) => outcome === 'told').length;
      // A machine that stands still for long, or a Redis that it holds up, says nothing about who is told.
      while (told() < 3 && outcomes.length < 20) {
        const name = `${what} ${outcomes.length}`;
        await create(one.url, name);
        outcomes.push(await roundOf({ one, two, name, token: await signIn(one.url, name) }, change));
        assert.notEqual(outcomes.at(-1), 'not told', `${what}: ${outcomes}`);
      }
      assert.equal(told(), 3, `${what}: ${outcomes}`);
    }
  });

  test('a limit that the operator sets acts on every instance within five seconds, also without Redis', async () => {
    await using ground = await openServiceGround(mongodb);
    const [one, two] = await ground.startAll(2, counting);
    assert.ok(one && two);
    await create(one.url, 'acme');
    const token = await signIn(two.url, 'acme');
    assert.equal((await describe(two, 'acme', token)).status, 200);
    assert.equal((await setLimit(one, 'acme', 1)).status, 200);
    const begun = performance.now();
    const count = () => call(two.url, ['GET', '/v1/organizations/acme/collections/default/count'], { token });
    await eventually(async () => assert.equal((await count()).status, 429));
    assert.ok(performance.now() - begun < 5_000);
  });

  for (const absence of ['killed', 'paused'] as const) {
    test(`a Redis that is ${absence} under load fails no call and holds up none for long, and limits go on`, async () => {
      await using server = await startRedis();
      await using ground = await openServiceGround(mongodb);
      const instances = await ground.startAll(2, { ...counting, REDIS_URL: server.url });
      const [one, two] = instances;
      assert.ok(one && two);
      await create(one.url, 'acme');
      const token = await signIn(one.url, 'acme');
      const times: number[] = [];
      const failed: number[] = [];
      const over = new AbortController();
      const load = Array.from({ length: 4 }, async (_, caller) => {
        const instance = instances[caller % 2] ?? one;
        while (!over.signal.aborted) {
          const begun = performance.now();
          // It asks nothing of the database, whose time is another's affair.
          const { status, headers } = await call(instance.url, ['GET', '/']);
          times.push(performance.now() - begun);
          if (status !== 200 || headers.get('ratelimit') === null) failed.push(status);
        }
      });
      const enough = async (more: number) => {
        const sought = times.length + more;
        while (times.length < sought) await setTimeout(10);
      };
      await enough(200);
      if (absence === 'killed') await server.kill();
      else server.pause();
      await enough(2_000);
      // A limit that is set now acts too.
      assert.equal((await setLimit(one, 'acme', 1)).status, 200);
      await eventually(async () => assert.equal((await describe(one, 'acme', token)).status, 429));
      assert.equal((await call(one.url, ['GET', '/health/ready'])).status, 200);
      if (absence === 'killed') await server.restart();
      else server.resume();
      for (const { url } of instances) {
        await eventually(async () =>
          assert.match(await (await fetch(`${url}/metrics`)).text(), /^tenantry_redis_up 1$/m),
        );
      }
      await enough(200);
      over.abort();
      await Promise.all(load);
      assert.deepEqual(failed, []);
      const sorted = times.toSorted((a, b) => a - b);
      const [p99 = 0, most = 0] = [sorted[Math.floor(sorted.length * 0.99)], sorted.at(-1)];
      // Nearly all of it is the machine, which runs other tests too.
      assert.ok(p99 < 250 && most < 2_000, `p99 ${p99} ms, at most ${most} ms of ${sorted.length}`);
      for (const { out } of await Promise.all(instances.map((instance) => instance.stop()))) {
        const lines = out.split('\n').filter((line) => line.includes('Redis'));
        assert.ok(lines.length >= 2 && lines.length <= 6, lines.join('\n'));
      }
    });
  }

  test('an address that cannot be one ends the start with 78, and names the setting and no password', async () => {
    const { code, error } = await runCommand(['start'], '/nowhere', { REDIS_URL: 'http://me:hidden@redis' });
    assert.equal(code, 78);
    assert.match(error, /TENANTRY_REDIS_URL has \d+ characters/);
    assert.doesNotMatch(error, /hidden/);
  });
});
