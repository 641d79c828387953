import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { idempotencyKeys } from '../src/idempotency/idempotency-key.ts';
import { deleteOrganization } from '../src/organizations/delete.ts';
import { updateOrganization } from '../src/organizations/update.ts';
import { engines } from './engines.ts';
import { openEdge, pointersOf, type TestEdge, type Told, told } from './http-edge.ts';
import { byTest, signUp, type TenancyOptions } from './tenancy.ts';

const token = 'o'.repeat(32);

type Row = Readonly<Record<string, unknown>> & { readonly id: string; readonly name: string };

function open(engine: (typeof engines)[number], options: TenancyOptions = {}): Promise<TestEdge> {
  return openEdge({ OPERATOR_TOKEN: token }, { engine, ...options });
}

async function send({ server }: TestEdge, method: 'GET' | 'POST', url: string, more: object = {}): Promise<Told> {
  const headers = { authorization: `Bearer ${token}`, ...('headers' in more ? (more.headers as object) : {}) };
  const payload = 'body' in more ? { payload: more.body as object } : {};
  const answer = await server.inject({ method, url, headers, ...payload });
  return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
}

/** A page of the list. */
async function page(edge: TestEdge, query: Readonly<Record<string, string>> = {}) {
  const answer = await send(edge, 'GET', `/v1/organizations?${new URLSearchParams(query)}`);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const { data, next_cursor } = answer.body as { data: readonly Row[]; next_cursor: string | null };
  return { names: data.map(({ name }) => name), data, next_cursor };
}

/** The names of all pages. */
async function names(edge: TestEdge, query: Readonly<Record<string, string>>): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | null = '';
  do {
    const next = await page(edge, { ...query, ...(cursor !== '' && { cursor }) });
    found.push(...next.names);
    cursor = next.next_cursor;
  } while (cursor !== null);
  return found;
}

const acme = { name: ' Acme Corp', admin: { email: 'ada@acme.example', password: 'correct horse battery' } };

for (const engine of engines) {
  describe(`the operator's list on the ${engine.name} engine`, () => {
    test('all are listed once, in the order of their names, whatever the size of a page', async () => {
      await using edge = await open(engine);
      const made = ['delta', 'Alpha', 'charlie', 'BRAVO', 'echo'];
      for (const name of made) await signUp(edge.opened.tenancy, name);
      const ordered = ['Alpha', 'BRAVO', 'charlie', 'delta', 'echo'];
      for (const limit of ['1', '2', '3', '5', '1000']) assert.deepEqual(await names(edge, { limit }), ordered, limit);
      const { data } = await page(edge, { limit: '1' });
      const [{ id, placement, created_at, updated_at, ...rest } = {}] = data as readonly Record<string, unknown>[];
      assert.match(String(id), /^org_/);
      assert.deepEqual(rest, { name: 'Alpha', status: 'active' });
      assert.equal((placement as { collection_name: string }).collection_name, 'org_alpha');
      assert.ok(created_at !== undefined && updated_at !== undefined);
    });

    test('by what a name begins with, by status, level and cluster', async () => {
      await using edge = await open(engine);
      const { tenancy } = edge.opened;
      for (const name of ['Acme', 'ACME 2', 'Acm', 'Ácme', 'Globex'])
        await signUp(tenancy, name, `${name.length}${name.charCodeAt(0)}@example.com`);
      const gone = await signUp(tenancy, 'Gone');
      const documents = { ...tenancy.documents, dropCollection: () => Promise.reject(new Error('kept for the test')) };
      await deleteOrganization({ ...tenancy, documents }, gone.caller, 'Gone', byTest);
      assert.deepEqual(await names(edge, { name_prefix: ' aCmE' }), ['Acme', 'ACME 2']);
      assert.deepEqual(await names(edge, { name_prefix: 'org_' }), []);
      assert.deepEqual(await names(edge, { status: 'deleting' }), ['Gone']);
      assert.deepEqual(await names(edge, { status: 'deleted' }), []);
      assert.deepEqual(await names(edge, { status: 'deleting', name_prefix: 'GO' }), ['Gone']);
      assert.deepEqual(await names(edge, { status: 'deleting', name_prefix: 'gone 2' }), []);
      assert.equal((await names(edge, { status: 'active', limit: '2' })).length, 5);
      assert.deepEqual(await names(edge, { status: 'active', name_prefix: 'glo' }), ['Globex']);
      assert.deepEqual(await names(edge, { level: 'collection', cluster: 'main', name_prefix: 'glo' }), ['Globex']);
      assert.deepEqual(await names(edge, { cluster: 'other' }), []);
      assert.equal((await names(edge, {})).length, 5, 'those that are being deleted are not there');
    });

    test('a cursor stands still while others write, and belongs to its list alone', async () => {
      await using edge = await open(engine);
      const { tenancy } = edge.opened;
      for (const name of ['Bravo', 'Delta', 'Foxtrot']) await signUp(tenancy, name);
      const first = await page(edge, { limit: '1' });
      assert.deepEqual(first.names, ['Bravo']);
      for (const name of ['Alpha', 'Charlie']) await signUp(tenancy, name);
      const cursor = String(first.next_cursor);
      assert.deepEqual((await page(edge, { limit: '9', cursor })).names, ['Charlie', 'Delta', 'Foxtrot']);
      const changed = `${cursor.startsWith('A') ? 'B' : 'A'}${cursor.slice(1)}`;
      for (const query of [
        { cursor: changed },
        { cursor: 'x' },
        { cursor, name_prefix: 'd' },
        { cursor, status: 'active' },
      ]) {
        const answer = await send(edge, 'GET', `/v1/organizations?${new URLSearchParams(query)}`);
        assert.deepEqual([answer.status, pointersOf(answer)], [422, ['?cursor']], JSON.stringify(query));
      }
    });

    test('parameters that are no such thing are refused with what would be right', async () => {
      await using edge = await open(engine);
      for (const limit of ['0', '1001', '-1', '1.5', 'ten', '01']) {
        const answer = await send(edge, 'GET', `/v1/organizations?limit=${limit}`);
        assert.deepEqual(told(answer), [422, 'invalid_value', '?limit must be a whole number from 1 to 1000']);
      }
      const answer = await send(edge, 'GET', '/v1/organizations?status=gone&level=shared');
      assert.deepEqual([answer.status, pointersOf(answer).sort()], [422, ['?level', '?status']]);
      assert.match(JSON.stringify(answer.body['errors']), /must be one of creating, active, deleting, deleted/);
    });
  });

  describe(`creating as the operator on the ${engine.name} engine`, () => {
    test('gives an organization whose admin can log in, and where it is', async () => {
      await using edge = await open(engine);
      const { status, body, headers } = await send(edge, 'POST', '/v1/organizations', { body: acme });
      assert.equal(status, 201);
      assert.equal(headers['location'], `/v1/organizations/${body['id']}`);
      assert.deepEqual([body['name'], body['collection_name']], ['Acme Corp', 'org_acme_corp']);
      const read = await send(edge, 'GET', String(headers['location']));
      assert.deepEqual({ ...read.body, status: 'creating' }, body);
      const { email, password } = acme.admin;
      const login = await edge.server.inject({ method: 'POST', url: '/admin/login', payload: { email, password } });
      assert.equal(login.statusCode, 200);
    });

    test('tells what is wrong by its place in the body, and what is taken with 409', async () => {
      await using edge = await open(engine);
      const create = (body: object) => send(edge, 'POST', '/v1/organizations', { body });
      const wrong = await create({ name: 'a', admin: { email: 'none', password: 'short' } });
      assert.deepEqual([wrong.status, pointersOf(wrong)], [422, ['#/name', '#/admin/email', '#/admin/password']]);
      const unknown = await create({ ...acme, admin: { ...acme.admin, role: 'x' }, level: 'pooled' });
      assert.deepEqual([unknown.status, pointersOf(unknown).sort()], [422, ['#/admin/role', '#/level']]);
      assert.equal((await create(acme)).status, 201);
      assert.deepEqual(told(await create(acme)), [409, 'organization_name_taken', 'Organization already exists']);
      const other = await create({ ...acme, name: 'Other' });
      assert.deepEqual(told(other), [409, 'email_taken', 'Admin email already registered']);
    });

    test('with one key has one effect and one answer, made again later and 20 times at once', async () => {
      await using edge = await open(engine);
      const create = (key: string, body: object = acme) =>
        send(edge, 'POST', '/v1/organizations', { body, headers: { 'idempotency-key': key } });
      const answers = await Promise.all(Array.from({ length: 20 }, () => create('one')));
      const [first] = answers;
      for (const { status, body, headers } of [...answers, await create('one')]) {
        assert.deepEqual([status, body, headers['location']], [201, first?.body, first?.headers['location']]);
      }
      assert.deepEqual(await names(edge, {}), ['Acme Corp']);
      const reused = await create('one', { ...acme, name: 'Other' });
      assert.deepEqual(told(reused), [
        422,
        'idempotency_key_reused',
        'This Idempotency-Key was used for another request',
      ]);
      assert.equal((await create('two')).status, 409, 'another key is another call');
      // Nothing of a password is kept but its hash: another one under the same key is the same call.
      const password = 'another password';
      const other = await create('one', { ...acme, admin: { ...acme.admin, password } });
      assert.deepEqual([other.status, other.body], [201, first?.body]);
      const kept = JSON.stringify(await edge.opened.tenancy.records.list(idempotencyKeys, 'expires_at', { limit: 9 }));
      assert.ok(!kept.includes(acme.admin.password));
    });

    test('remembers success alone, and for a day', async () => {
      await using edge = await open(engine);
      const { tenancy, clock } = edge.opened;
      const create = (body: object = acme) =>
        send(edge, 'POST', '/v1/organizations', { body, headers: { 'idempotency-key': 'one' } });
      const taken = await signUp(tenancy, 'Acme Corp');
      assert.equal((await create()).status, 409);
      assert.equal((await create({ ...acme, name: 'x' })).status, 422);
      await updateOrganization(
        tenancy,
        taken.caller,
        { organization_name: 'Acme Corp', new_organization_name: 'Old' },
        byTest,
      );
      const first = await create();
      assert.equal(first.status, 201);
      clock.pass(24 * 60 * 60_000 - 1);
      assert.deepEqual((await create()).body, first.body);
      clock.pass(1);
      assert.equal((await create()).status, 409);
      const next = await create({ name: 'Next', admin: { ...acme.admin, email: 'next@acme.example' } });
      assert.deepEqual([next.status, next.body['name']], [201, 'Next']);
    });

    test('past the bound of what is remembered refuses another key within a day, and needs none', async () => {
      await using edge = await open(engine, { keptBound: { answers: 2 } });
      const create = (name: string, key?: string) =>
        send(edge, 'POST', '/v1/organizations', {
          body: { name: `Acme ${name}`, admin: { ...acme.admin, email: `${name}@acme.example` } },
          headers: key === undefined ? {} : { 'idempotency-key': key },
        });
      const first = await create('one', '1');
      assert.equal((await create('one', '2')).status, 409, 'what failed is not remembered');
      for (const name of ['two', 'three']) {
        const { status, body } = await create(name, name);
        assert.deepEqual([status, body['code']], name === 'two' ? [201, undefined] : [429, 'idempotency_keys_full']);
      }
      assert.deepEqual((await create('one', '1')).body, first.body);
      assert.equal((await create('three')).status, 201);
      edge.opened.clock.pass(24 * 60 * 60_000);
      assert.equal((await create('four', '4')).status, 201);
    });

    test('refuses a key that is malformed', async () => {
      await using edge = await open(engine);
      for (const key of ['', ' ', 'a b', 'x'.repeat(256), 'é']) {
        const headers = { 'idempotency-key': key };
        const answer = await send(edge, 'POST', '/v1/organizations', { body: acme, headers });
        assert.deepEqual([answer.status, answer.body['code']], [400, 'bad_request'], JSON.stringify(key));
      }
      assert.deepEqual(await names(edge, {}), []);
    });
  });
}
