import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { call, login, type Method, openEdge } from './http-edge.ts';
import { openWire } from './http-wire.ts';
import { signUp } from './tenancy.ts';

describe('the order of checks', () => {
  const guarded = [
    ['PUT', '/org/update'],
    ['DELETE', '/org/delete'],
  ] as const;

  test('without a live token a call is 401, whatever else is wrong with it', async () => {
    await using edge = await openEdge();
    for (const [method, url] of guarded) {
      for (const authorization of ['', 'Basic YTpi', 'Bearer', 'Bearer a.b.c', 'Bearer a b']) {
        const answer = await edge.server.inject({
          method,
          url,
          headers: { authorization, 'content-type': 'text/plain' },
          payload: '{',
        });
        assert.equal(answer.statusCode, 401);
        assert.equal(answer.json().detail, 'Not authenticated');
        assert.equal(answer.headers['www-authenticate'], 'Bearer');
        assert.equal(answer.headers['cache-control'], 'no-store');
      }
    }
  });

  test('the token is looked at before the body has come', async () => {
    await using edge = await openEdge();
    await edge.server.listen({ port: 0, host: '127.0.0.1' });
    const { port } = edge.server.server.address() as AddressInfo;
    using wire = await openWire(port);
    wire.send('PUT /org/update HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n');
    assert.equal((await wire.answer()).status, 401);
  });

  test('with a token the body comes first, then the organization, then whose it is', async () => {
    await using edge = await openEdge();
    const { token } = await signUp(edge.opened.tenancy, 'Acme');
    await signUp(edge.opened.tenancy, 'Other');
    const update = async (payload: string, type = 'application/json') => {
      const headers = { authorization: `bearer ${token}`, 'content-type': type };
      return (await edge.server.inject({ method: 'PUT', url: '/org/update', headers, payload })).statusCode;
    };
    assert.equal(await update('{', 'text/plain'), 415);
    assert.equal(await update('{'), 422);
    assert.equal(await update('{"organization_name":"Nobody","email":"a"}'), 422);
    assert.equal(await update('{"organization_name":"Nobody","new_organization_name":"Other"}'), 404);
    assert.equal(await update('{"organization_name":"Other","new_organization_name":"Acme"}'), 403);
    assert.equal(await update('{"organization_name":"Acme","new_organization_name":"Other"}'), 400);
    assert.equal(await update('{"organization_name":"Acme"}'), 200);
  });

  test('limits come before all else, each with its own', async () => {
    await using edge = await openEdge({
      LIMIT_CREATE_ADDRESS: '1/hour',
      LIMIT_LOGIN_ADDRESS: '1/minute',
      LIMIT_ADDRESS: '3/minute',
    });
    const status = async (...target: readonly [Method, string]) => {
      const { status, headers } = await call(edge, target, { body: {} });
      return [status, headers['ratelimit-policy'], headers['retry-after']];
    };
    const all = '"address";q=3;w=60';
    assert.deepEqual(await status('POST', '/org/create'), [422, `${all}, "create";q=1;w=3600`, undefined]);
    assert.deepEqual(await status('POST', '/org/create'), [429, `${all}, "create";q=1;w=3600`, '3600']);
    assert.deepEqual(await status('POST', '/admin/login'), [422, `${all}, "login";q=1;w=60`, undefined]);
    assert.deepEqual(await status('POST', '/admin/login'), [429, `${all}, "login";q=1;w=60`, '60']);
    assert.deepEqual(await status('PUT', '/org/update'), [401, all, undefined]);
    assert.deepEqual(await status('PUT', '/org/update'), [429, all, '60']);
    assert.deepEqual(await status('GET', '/health/live'), [200, undefined, undefined]);
  });

  test('log-ins to one account are limited after their form, and before the password', async () => {
    const account = { name: 'account', most: 1, seconds: 60 };
    const failures = { name: 'failures', most: 100, seconds: 60 };
    await using edge = await openEdge({}, { signInLimits: { account, failures } });
    const { email, password } = await signUp(edge.opened.tenancy, 'Acme');
    assert.equal((await login(edge, email, password)).status, 200);
    const refused = await login(edge, email, password);
    assert.deepEqual(
      [refused.status, refused.body['code'], refused.headers['retry-after']],
      [429, 'rate_limited', '60'],
    );
    assert.match(String(refused.headers['ratelimit']), /"account";r=0;t=60$/);
    assert.match(String(refused.headers['ratelimit-policy']), /"account";q=1;w=60$/);
    assert.equal((await login(edge, 'not an email', password)).status, 422);
  });

  test('RATE_LIMIT=off counts no address', async () => {
    await using edge = await openEdge({ RATE_LIMIT: 'off', LIMIT_ADDRESS: '1/minute', LIMIT_CREATE_ADDRESS: '1/hour' });
    for (let count = 0; count < 3; count += 1) {
      const { status, headers } = await call(edge, ['POST', '/org/create'], { body: {} });
      assert.deepEqual([status, headers['ratelimit']], [422, undefined]);
    }
  });
});
