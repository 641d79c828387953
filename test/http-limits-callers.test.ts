import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openEdge, type TestEdge } from './http-edge.ts';
import { signIn, signUp } from './tenancy.ts';

const operator = 'o'.repeat(32);

interface Asked {
  readonly token?: string;
  readonly body?: object;
}

async function ask(edge: TestEdge, target: string, { token, body }: Asked = {}) {
  const [method = '', url = ''] = target.split(' ');
  const answer = await edge.server.inject({
    method: method as 'GET',
    url,
    headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    ...(body && { payload: body }),
  });
  const { headers, statusCode } = answer;
  return {
    status: statusCode,
    policy: headers['ratelimit-policy'],
    left: headers['ratelimit'],
    retry: headers['retry-after'],
  };
}

const acme = 'GET /v1/organizations/acme';

test('a call by a token counts against its address, its token and its organization, and tells how each stands', async () => {
  await using edge = await openEdge();
  const { token } = await signUp(edge.opened.tenancy, 'Acme');
  assert.deepEqual(await ask(edge, acme, { token }), {
    status: 200,
    policy: '"address";q=6000;w=60, "token";q=30000;w=60, "organization";q=60000;w=60',
    left: '"address";r=5999;t=60, "token";r=29999;t=60, "organization";r=59999;t=60',
    retry: undefined,
  });
});

test('past the limit of a token it alone is refused, and past that of the organization all of its tokens are', async () => {
  await using edge = await openEdge({ LIMIT_TOKEN: '2/minute', LIMIT_ORGANIZATION: '3/minute' });
  const { token, email, password } = await signUp(edge.opened.tenancy, 'Acme');
  const other = (await signIn(edge.opened.tenancy, email, password)).token;
  const stranger = (await signUp(edge.opened.tenancy, 'Globex')).token;
  const statuses = [];
  for (const each of [token, token, token, other, other])
    statuses.push((await ask(edge, acme, { token: each })).status);
  assert.deepEqual(statuses, [200, 200, 429, 200, 429]);
  const refused = await ask(edge, acme, { token: other });
  assert.equal(refused.retry, '60');
  assert.match(String(refused.left), /"organization";r=0;t=60$/);
  assert.equal((await ask(edge, 'GET /v1/organizations/globex', { token: stranger })).status, 200);
});

test('what is refused counts against no limit', async () => {
  await using edge = await openEdge({ LIMIT_TOKEN: '1/minute', LIMIT_ADDRESS: '2/minute' });
  const { token } = await signUp(edge.opened.tenancy, 'Acme');
  for (let call = 0; call < 5; call++) await ask(edge, acme, { token });
  assert.equal((await ask(edge, 'GET /')).left, '"address";r=0;t=60');
});

test('calls that change something, and transfers, have limits of their own beside', async () => {
  await using edge = await openEdge({ LIMIT_WRITE: '1/minute', LIMIT_TRANSFER: '1/minute' });
  const { token } = await signUp(edge.opened.tenancy, 'Acme');
  const documents = '/v1/organizations/acme/collections/default/documents';
  const statuses = [];
  for (const target of [`POST ${documents}`, `POST ${documents}`, `GET ${documents}`]) {
    statuses.push((await ask(edge, target, { token, ...(target.startsWith('POST') && { body: {} }) })).status);
  }
  const path = 'GET /v1/organizations/acme/export';
  statuses.push((await ask(edge, path, { token })).status, (await ask(edge, path, { token })).status);
  assert.deepEqual(statuses, [201, 429, 200, 200, 429]);
});

test('a call without a live token counts against its address alone, whatever it is refused for', async () => {
  await using edge = await openEdge({ LIMIT_ADDRESS: '3/minute' });
  for (const [target, token, status] of [
    [acme, undefined, 401],
    [acme, 'a.b.c', 401],
    ['GET /v1/organizations', 'a.b.c', 404],
    [acme, undefined, 429],
    ['GET /v1/organizations', undefined, 429],
  ] as const) {
    const answer = await ask(edge, target, token === undefined ? {} : { token });
    assert.deepEqual([answer.status, answer.policy], [status, '"address";q=3;w=60']);
  }
});

test('the operator sets how often an organization may call, and takes that away again', async () => {
  await using edge = await openEdge({ OPERATOR_TOKEN: operator, LIMIT_ORGANIZATION: '7/hour' });
  const { token } = await signUp(edge.opened.tenancy, 'Acme');
  const set = (calls_per_minute: unknown) =>
    ask(edge, 'PATCH /v1/organizations/acme', { token: operator, body: { limits: { calls_per_minute } } });
  const policy = async () =>
    String((await ask(edge, acme, { token })).policy)
      .split(', ')
      .at(-1);
  assert.equal(await policy(), '"organization";q=7;w=3600');
  assert.deepEqual([(await set(2)).status, await policy()], [200, '"organization";q=2;w=60']);
  assert.equal((await ask(edge, acme, { token })).status, 429);
  await set(null);
  assert.equal(await policy(), '"organization";q=7;w=3600');
  for (const wrong of [0, -1, 1.5, '2', 1_000_000_001]) assert.equal((await set(wrong)).status, 422);
  for (const body of [{}, { limits: { calls_per_second: 1 } }, { limits: null }]) {
    assert.equal((await ask(edge, 'PATCH /v1/organizations/acme', { token: operator, body })).status, 422);
  }
  assert.equal((await ask(edge, 'PATCH /v1/organizations/acme', { token, body: { limits: {} } })).status, 404);
});

test('the limit of an organization is shown, beside its quotas, and its change is an event', async () => {
  await using edge = await openEdge({ OPERATOR_TOKEN: operator });
  await signUp(edge.opened.tenancy, 'Acme');
  const call = async (method: 'GET' | 'PATCH', rest: string, payload?: object) =>
    (
      await edge.server.inject({
        method,
        url: `/v1/organizations/acme${rest}`,
        headers: { authorization: `Bearer ${operator}` },
        ...(payload && { payload }),
      })
    ).json();
  assert.deepEqual((await call('GET', '')).limits, { calls_per_minute: null });
  const changed = await call('PATCH', '', { limits: { calls_per_minute: 600 }, quotas: { documents: 3 } });
  assert.deepEqual([changed.limits, changed.quotas.documents], [{ calls_per_minute: 600 }, 3]);
  const { data } = await call('GET', '/events?type=organization.limits_changed');
  assert.deepEqual(
    data.map(({ data }: { data: object }) => data),
    [{ before: { calls_per_minute: null }, after: { calls_per_minute: 600 } }],
  );
  assert.equal((await call('GET', '/events?type=organization.quotas_changed')).data.length, 1);
});

test("the operator's calls count against the address alone", async () => {
  await using edge = await openEdge({
    OPERATOR_TOKEN: operator,
    LIMIT_ORGANIZATION: '1/minute',
    LIMIT_WRITE: '1/minute',
  });
  await signUp(edge.opened.tenancy, 'Acme');
  for (let call = 0; call < 3; call++) {
    const { status, policy } = await ask(edge, acme, { token: operator });
    assert.deepEqual([status, policy], [200, '"address";q=6000;w=60']);
  }
});
