import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { call, login, openEdge, pointersOf, type TestEdge, told } from './http-edge.ts';
import { signUp } from './tenancy.ts';

const acme = { organization_name: 'Acme', email: 'ada@acme.example', password: 'correct horse' };

async function tokenOf(edge: TestEdge, { email, password }: { email: string; password: string }): Promise<string> {
  return String((await login(edge, email, password)).body['access_token']);
}

describe('the reference API', () => {
  test('an organization is created, read, updated, renamed and deleted', async () => {
    await using edge = await openEdge();
    const created = await call(edge, ['POST', '/org/create'], { body: acme });
    const { created_at } = created.body;
    const view = { organization_name: 'Acme', collection_name: 'org_acme', admin_email: acme.email, created_at };
    assert.equal(created.status, 201);
    assert.deepEqual(created.body, view);
    assert.match(String(created_at), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

    const read = await call(edge, ['GET', '/org/get?organization_name=%20ACME']);
    assert.deepEqual([read.status, read.body], [200, view]);

    const token = await tokenOf(edge, acme);
    const renaming = { organization_name: 'acme', new_organization_name: 'Umbra', email: null, password: null };
    const renamed = await call(edge, ['PUT', '/org/update'], { body: renaming, token });
    assert.deepEqual([renamed.status, renamed.body], [200, { ...view, organization_name: 'Umbra' }]);
    assert.equal(renamed.headers['cache-control'], 'no-store');

    const deleted = await call(edge, ['DELETE', '/org/delete?organization_name=umbra'], { token });
    assert.equal(deleted.status, 200);
    const message = "Organization 'Umbra' deleted successfully";
    assert.deepEqual(deleted.body, { message, deleted_collection: 'org_acme' });
    assert.deepEqual(told(await call(edge, ['GET', '/org/get?organization_name=Umbra'])), [
      404,
      'organization_not_found',
      'Organization not found',
    ]);
  });

  test('a log-in gives a bearer token that no cache keeps', async () => {
    await using edge = await openEdge();
    await signUp(edge.opened.tenancy, 'Acme', acme.email);
    const { status, body, headers } = await login(edge, acme.email, 'the password of Acme');
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body), ['access_token', 'token_type']);
    assert.equal(body['token_type'], 'bearer');
    assert.equal(headers['cache-control'], 'no-store');
    const refused = await login(edge, acme.email, 'wrong password');
    assert.deepEqual(told(refused), [401, 'invalid_credentials', 'Invalid email or password']);
    assert.equal(refused.headers['www-authenticate'], 'Bearer');
  });

  test('a name or an email that is taken is 400', async () => {
    await using edge = await openEdge();
    await call(edge, ['POST', '/org/create'], { body: acme });
    const create = (change: object) => call(edge, ['POST', '/org/create'], { body: { ...acme, ...change } });
    const taken = [400, 'organization_name_taken', 'Organization already exists'];
    assert.deepEqual(told(await create({})), taken);
    assert.deepEqual(told(await create({ organization_name: ' ACME ', email: 'b@b.example' })), taken);
    const email = [400, 'email_taken', 'Admin email already registered'];
    assert.deepEqual(told(await create({ organization_name: 'Other', email: 'ADA@ACME.example' })), email);
  });

  test("another's organization is 403", async () => {
    await using edge = await openEdge();
    const { token } = await signUp(edge.opened.tenancy, 'Acme');
    await signUp(edge.opened.tenancy, 'Other');
    const body = { organization_name: 'Other', new_organization_name: 'Acme' };
    const update = await call(edge, ['PUT', '/org/update'], { body, token });
    assert.deepEqual(told(update), [403, 'forbidden', 'Not authorized to update this organization']);
    const remove = await call(edge, ['DELETE', '/org/delete?organization_name=Other'], { token });
    assert.deepEqual(told(remove), [403, 'forbidden', 'Not authorized to delete this organization']);
  });

  test('values that break a rule are all told, at their place', async () => {
    await using edge = await openEdge();
    const body = { organization_name: 'A', email: 'a', password: 'a' };
    const create = await call(edge, ['POST', '/org/create'], { body });
    assert.equal(create.status, 422);
    assert.deepEqual(pointersOf(create), ['#/organization_name', '#/email', '#/password']);
    const { token } = await signUp(edge.opened.tenancy, 'Acme');
    const change = { organization_name: 'Acme', email: 'a', password: 'a', new_organization_name: 'A' };
    const update = await call(edge, ['PUT', '/org/update'], { body: change, token });
    assert.equal(update.status, 422);
    assert.deepEqual(pointersOf(update).sort(), ['#/email', '#/new_organization_name', '#/password']);
    assert.deepEqual(pointersOf(await login(edge, 'a', 'password')), ['#/email']);
    assert.deepEqual(pointersOf(await call(edge, ['GET', '/org/get'])), ['?organization_name']);
    assert.deepEqual(pointersOf(await call(edge, ['DELETE', '/org/delete?organization_name='], { token })), [
      '?organization_name',
    ]);
    const long = `/org/get?organization_name=${'x'.repeat(1_025)}`;
    assert.deepEqual(pointersOf(await call(edge, ['GET', long])), ['?organization_name']);
    assert.equal((await call(edge, ['GET', long.slice(0, -1)])).status, 404);
    for (const [length, status] of [
      [0, 422],
      [1, 404],
      [1_024, 404],
      [1_025, 422],
    ] as const) {
      const selecting = { organization_name: '😀'.repeat(length) };
      assert.equal((await call(edge, ['PUT', '/org/update'], { body: selecting, token })).status, status);
    }
  });

  test('the detail of a 422 says what is wrong with the one value, or with how many, whoever found it', async () => {
    await using edge = await openEdge();
    const detail = async (body: object) => (await call(edge, ['POST', '/org/create'], { body })).body['detail'];
    assert.equal(await detail({ ...acme, password: 'short' }), '#/password must be at least 8 characters');
    assert.equal(await detail({ ...acme, password: 'short', email: 'ada' }), '2 values break a rule');
    assert.equal(await detail({ ...acme, password: 1 }), '#/password must be a string');
  });

  test('a body far beyond what its members can be is 413', async () => {
    await using edge = await openEdge();
    const { status, body } = await call(edge, ['POST', '/admin/login'], {
      body: { email: 'a'.repeat(70_000), password: 'b' },
    });
    assert.deepEqual([status, body['code']], [413, 'body_too_large']);
  });

  test('members that a call does not know are refused, as are those of the wrong type', async () => {
    await using edge = await openEdge();
    const create = await call(edge, ['POST', '/org/create'], {
      body: { ...acme, password: 12_345_678, role: 'admin' },
    });
    assert.deepEqual(pointersOf(create).sort(), ['#/password', '#/role']);
    const { token } = await signUp(edge.opened.tenancy, 'Acme');
    const body = { organization_name: null, email: 1, admin: true };
    const update = await call(edge, ['PUT', '/org/update'], { body, token });
    assert.deepEqual(pointersOf(update).sort(), ['#/admin', '#/email', '#/organization_name']);
  });
});
