import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Answer, assertRefused, bodyOf } from './http-documents/calls.ts';
import {
  documentsOf,
  everyDocument,
  everyStage,
  makeCollection,
  openDocuments,
  put,
  stages,
  type Tenant,
} from './http-documents/ground.ts';

/** A call that may be made again. */
interface Repeated {
  readonly path: string;
  readonly body: object;
  /** Another body for the same path. */
  readonly other: object;
  /** How often it has had its effect. */
  effects(tenant: Tenant): Promise<number>;
}

const insert = (title: string) => ({ operations: [{ op: 'insert', document: { title } }] });

const documentsThere = async (tenant: Tenant) => (await everyDocument(tenant)).length;

/** Every POST below an organization. */
const calls: Readonly<Record<string, Repeated>> = {
  'a document': { path: documentsOf(), body: { title: 'A' }, other: { title: 'B' }, effects: documentsThere },
  'a batch': { path: `${documentsOf()}/batch`, body: insert('A'), other: insert('B'), effects: documentsThere },
  'a collection': {
    path: '/collections',
    body: { name: 'users' },
    other: { name: 'books' },
    async effects(tenant) {
      return (bodyOf(await tenant.send('GET', '/collections'))['data'] as unknown[]).length - 1;
    },
  },
};

function post(tenant: Tenant, { path }: Pick<Repeated, 'path'>, body: object, key: string): Promise<Answer> {
  return tenant.send('POST', path, { body, headers: { 'idempotency-key': key } });
}

/** What is the same in an answer that is given again. */
function shown({ status, text, headers }: Answer) {
  return [status, text, headers['etag'], headers['location'], headers['content-type']];
}

const reused = [422, 'idempotency_key_reused'] as const;

for (const stage of everyStage) {
  describe(`POST with an Idempotency-Key on ${stage.name}`, { timeout: 60_000 }, () => {
    for (const [name, call] of Object.entries(calls)) {
      test(`${name}: has one effect and one answer, made again and 20 times at once`, async () => {
        await using ground = await openDocuments(stage);
        const acme = await ground.tenant('Acme');
        const answers = await Promise.all(Array.from({ length: 20 }, () => post(acme, call, call.body, 'one')));
        answers.push(await post(acme, call, call.body, 'one'));
        const [first] = answers;
        assert.ok(first && first.status < 300, first?.text);
        for (const answer of answers) assert.deepEqual(shown(answer), shown(first));
        assert.equal(await call.effects(acme), 1);
      });
    }
  });
}

for (const stage of stages) {
  describe(`an Idempotency-Key on ${stage.name}`, { timeout: 60_000 }, () => {
    for (const [name, call] of Object.entries(calls)) {
      test(`${name}: another body under the key is refused, and another key is another call`, async () => {
        await using ground = await openDocuments(stage);
        const acme = await ground.tenant('Acme');
        const first = await post(acme, call, call.body, 'one');
        assertRefused(await post(acme, call, call.other, 'one'), reused);
        assert.equal(await call.effects(acme), 1);
        assert.ok((await post(acme, call, call.other, 'two')).status < 300);
        assert.equal(await call.effects(acme), 2);
        assert.deepEqual(shown(await post(acme, call, call.body, 'one')), shown(first));
      });

      test(`${name}: keys of two organizations, and of admin and operator, are strangers`, async () => {
        await using ground = await openDocuments(stage);
        const acme = await ground.tenant('Acme');
        const globex = await ground.tenant('Globex', 'pooled');
        const initech = await ground.tenant('Initech', 'pooled');
        const tenants = [acme, globex, initech];
        const answers = await Promise.all(tenants.map((tenant) => post(tenant, call, call.body, 'one')));
        for (const [place, tenant] of tenants.entries()) {
          assert.ok((answers[place]?.status ?? 500) < 300, answers[place]?.text);
          assert.equal(await call.effects(tenant), 1);
        }
        const headers = { 'idempotency-key': 'one' };
        const operated = await ground.operate('POST', `/${acme.id}${call.path}`, { body: call.other, headers });
        assert.ok(operated.status < 300, operated.text);
        assert.equal(await call.effects(acme), 2);
        for (const tenant of [globex, initech]) assert.equal(await call.effects(tenant), 1);
      });

      test(`${name}: is remembered for a day, and a malformed key is refused`, async () => {
        await using ground = await openDocuments(stage);
        const { clock } = ground.edge.opened;
        const acme = await ground.tenant('Acme');
        for (const key of ['', ' ', 'a b', 'x'.repeat(256), 'é']) {
          assertRefused(await post(acme, call, call.body, key), [400, 'bad_request']);
        }
        const operated = (body: object) =>
          ground.operate('POST', `/${acme.id}${call.path}`, { body, headers: { 'idempotency-key': 'one' } });
        const first = await operated(call.body);
        clock.pass(24 * 60 * 60_000 - 1);
        assert.deepEqual(shown(await operated(call.body)), shown(first));
        clock.pass(1);
        const next = await operated(call.other);
        assert.ok(next.status < 300, next.text);
        assertRefused(await operated(call.body), reused);
        assert.equal(
          await call.effects({ ...acme, send: (method, path) => ground.operate(method, `/${acme.id}${path}`) }),
          2,
        );
      });
    }

    test('only success is remembered', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const batch = { path: `${documentsOf()}/batch` };
      const steps = (id: string) => ({ operations: [{ op: 'delete', id }] });
      assertRefused(await post(acme, batch, steps('a'), 'one'), [404, 'document_not_found']);
      await put(acme, 'a', {});
      bodyOf(await post(acme, batch, steps('a'), 'one'));
      assert.deepEqual(bodyOf(await post(acme, batch, steps('a'), 'one')), { results: [{ op: 'delete', id: 'a' }] });
      assertRefused(await post(acme, { path: documentsOf() }, { _id: 'a' }, 'two'), [422, 'invalid_value']);
      bodyOf(await post(acme, { path: documentsOf() }, { id: 'a' }, 'two'), 201);
    });

    test('one key is one call, whatever the path', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await makeCollection(acme, 'users');
      bodyOf(await post(acme, { path: documentsOf() }, { title: 'A' }, 'one'), 201);
      assertRefused(await post(acme, { path: documentsOf('users') }, { title: 'A' }, 'one'), reused);
      assert.deepEqual(await everyDocument(acme, {}, 'users'), []);
    });

    test('what the answer told of is given again though it has changed since', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const first = await post(acme, { path: documentsOf() }, { title: 'A' }, 'one');
      const path = documentsOf('default', String(bodyOf(first, 201)['_id']));
      bodyOf(await acme.send('PATCH', path, { body: { title: 'B' } }));
      assert.deepEqual(shown(await post(acme, { path: documentsOf() }, { title: 'A' }, 'one')), shown(first));
      bodyOf(await acme.send('DELETE', path), 204);
      assert.deepEqual(shown(await post(acme, { path: documentsOf() }, { title: 'A' }, 'one')), shown(first));
      assert.equal(await documentsThere(acme), 0);
    });

    test('of a deleted organization nothing is remembered for the next of its name', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const key = { body: { title: 'A' }, headers: { 'idempotency-key': 'one' } };
      const path = `/Acme${documentsOf()}`;
      const first = bodyOf(await ground.operate('POST', path, key), 201);
      bodyOf(await acme.send('DELETE', ''));
      const again = await ground.tenant('Acme');
      const second = bodyOf(await ground.operate('POST', path, key), 201);
      assert.notEqual(second['_id'], first['_id']);
      assert.equal(await documentsThere(again), 1);
    });
  });
}
