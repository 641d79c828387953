import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fallenAsleep } from './asleep.ts';
import { type Answer, call } from './calls.ts';
import { openServiceGround, type ServiceGround, serviceEngines } from './ground.ts';
import { assertCounted } from './recount.ts';
import type { Service } from './service.ts';

const token = 'o'.repeat(32);
const levels = ['pooled', 'collection', 'database'] as const;

function ask({ url }: Service, method: string, path: string, body?: object): Promise<Answer> {
  return call(url, [method, `/v1/organizations${path}`], { token, ...(body && { body }) });
}

/** Two instances, of which the second falls asleep between the reading of a place and its write. */
async function open(ground: ServiceGround, level: string): Promise<{ awake: Service; sleeper: Service }> {
  const awake = await ground.start({ OPERATOR_TOKEN: token });
  const admin = { email: 'ada@acme.example', password: 'correct horse' };
  assert.equal((await ask(awake, 'POST', '', { name: 'acme', admin, placement: { level } })).status, 201);
  assert.equal((await ask(awake, 'POST', '/acme/collections', { name: 'todos' })).status, 201);
  const first = await ask(awake, 'PUT', '/acme/collections/todos/documents/first', { text: 'first' });
  assert.equal(first.status, 201, JSON.stringify(first.body));
  const sleeper = await ground.start({ OPERATOR_TOKEN: token, FAIL_POINT: 'document.routed:stop' });
  return { awake, sleeper };
}

for (const engine of serviceEngines.filter(({ instances }) => instances > 1)) {
  const options = { skip: engine.skip, timeout: 300_000, concurrency: 3 };
  suite(`an instance that is asleep between its routing and its write, on ${engine.name}`, options, () => {
    for (const level of levels) {
      test(`writes nothing to a collection that was deleted meanwhile, nor to one of its name, level ${level}`, async () => {
        await using ground = await openServiceGround(engine);
        const { awake, sleeper } = await open(ground, level);
        const late = ask(sleeper, 'PUT', '/acme/collections/todos/documents/late', { text: 'late' });
        await fallenAsleep(sleeper);
        assert.equal((await ask(awake, 'DELETE', '/acme/collections/todos')).status, 200);
        sleeper.process.kill('SIGCONT');
        const { status, body } = await late;
        assert.deepEqual([status, (body as { code: string }).code], [404, 'collection_not_found']);
        assert.equal((await ask(awake, 'POST', '/acme/collections', { name: 'todos' })).status, 201);
        const listed = await ask(awake, 'GET', '/acme/collections/todos/documents');
        assert.deepEqual((listed.body as { data: unknown[] }).data, []);
        const usage = await ask(awake, 'GET', '/acme/usage');
        assert.equal((usage.body as { documents: number }).documents, 0);
        await assertCounted(ground);
      });

      test(`writes nothing to an organization that was deleted and made again, level ${level}`, async () => {
        await using ground = await openServiceGround(engine);
        const { awake, sleeper } = await open(ground, level);
        const late = ask(sleeper, 'PUT', '/acme/collections/default/documents/late', { text: 'late' });
        await fallenAsleep(sleeper);
        assert.equal((await ask(awake, 'DELETE', '/acme')).status, 200);
        const admin = { email: 'ada@acme.example', password: 'correct horse' };
        assert.equal((await ask(awake, 'POST', '', { name: 'acme', admin, placement: { level } })).status, 201);
        sleeper.process.kill('SIGCONT');
        const { status, body } = await late;
        assert.deepEqual([status, (body as { code: string }).code], [404, 'organization_not_found']);
        const listed = await ask(awake, 'GET', '/acme/collections/default/documents');
        assert.deepEqual((listed.body as { data: unknown[] }).data, []);
        await assertCounted(ground);
      });

      test(`writes where the epoch was raised for another reason, once it has read the place again, level ${level}`, async () => {
        await using ground = await openServiceGround(engine);
        const { awake, sleeper } = await open(ground, level);
        const late = ask(sleeper, 'PUT', '/acme/collections/default/documents/late', { text: 'late' });
        await fallenAsleep(sleeper);
        assert.equal((await ask(awake, 'DELETE', '/acme/collections/todos')).status, 200);
        sleeper.process.kill('SIGCONT');
        assert.equal((await late).status, 201);
        const placement = (await ask(awake, 'GET', '/acme/placement')).body as { epoch: number };
        assert.equal(placement.epoch, 2);
        const usage = await ask(awake, 'GET', '/acme/usage');
        assert.equal((usage.body as { documents: number }).documents, 1);
        await assertCounted(ground);
      });
    }
  });
}
