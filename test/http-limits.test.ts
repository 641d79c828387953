import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startApp, testLimits } from './http-app.ts';
import { exchange } from './http-wire.ts';

const limitHeaders = ({ headers }: Response) => [headers.get('ratelimit-policy'), headers.get('ratelimit')];

test('each counted answer tells how the address stands, also those that are errors', async () => {
  await using app = await startApp({ limits: testLimits({ calls: 5 }) });
  const paths = ['/named?name=a', '/named', '/nothing', '/fails'];
  for (const [index, path] of paths.entries()) {
    assert.deepEqual(limitHeaders(await fetch(app.url + path)), [
      '"address";q=5;w=60',
      `"address";r=${4 - index};t=60`,
    ]);
  }
});

test('past the limit a call is 429 and told when to come again, before anything else is looked at', async () => {
  await using app = await startApp({ limits: testLimits({ calls: 1 }) });
  await fetch(`${app.url}/quiet2`);
  for (const path of ['/named?name=a', '/nothing', '/fails']) {
    const answer = await fetch(app.url + path);
    assert.equal(answer.status, 429, path);
    assert.equal(answer.headers.get('retry-after'), '60');
    assert.deepEqual(limitHeaders(answer), ['"address";q=1;w=60', '"address";r=0;t=60']);
    assert.equal(((await answer.json()) as { code: string }).code, 'rate_limited');
  }
});

test('a path that cannot be read is counted too', async () => {
  await using app = await startApp({ limits: testLimits({ calls: 1 }) });
  assert.equal((await fetch(`${app.url}/%zz`)).status, 400);
  assert.equal((await fetch(`${app.url}/%zz`)).status, 429);
});

test('a preflight is counted too', async () => {
  const settings = { CORS_ORIGINS: ['https://app.example.com'] };
  await using app = await startApp({ settings, limits: testLimits({ calls: 2 }) });
  const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'POST' };
  const statuses = [];
  for (let count = 0; count < 3; count += 1) {
    statuses.push((await fetch(`${app.url}/echo`, { method: 'OPTIONS', headers })).status);
  }
  assert.deepEqual(statuses, [204, 204, 429]);
});

test('preflights of paths at which there is nothing, and malformed requests, are counted too', async () => {
  const settings = { CORS_ORIGINS: ['https://app.example.com'] };
  for (const head of [
    'OPTIONS /nothing HTTP/1.1\r\nHost: a',
    'GET /echo HTTP/1.1',
    'GET /echo HTTP/1.1\r\nHost: a\r\nHost: b',
  ]) {
    await using app = await startApp({ settings, limits: testLimits({ calls: 1 }) });
    assert.notEqual((await exchange(app.port, `${head}\r\n\r\n`)).status, 429, head);
    assert.equal((await exchange(app.port, `${head}\r\n\r\n`)).status, 429, head);
  }
});

test('routes that are not counted take nothing and are never refused', async () => {
  await using app = await startApp({ limits: testLimits({ calls: 1 }) });
  for (let count = 0; count < 3; count += 1) {
    assert.deepEqual(limitHeaders(await fetch(`${app.url}/quiet`)), [null, null]);
  }
  assert.equal((await fetch(`${app.url}/named?name=a`)).status, 200);
  assert.equal((await fetch(`${app.url}/quiet`)).status, 200);
});

test('addresses are told by a trusted proxy alone, and IPv6 is counted by /64', async () => {
  const call = (url: string, address: string) =>
    fetch(`${url}/named?name=a`, { headers: { 'x-forwarded-for': address } }).then(({ status }) => status);
  await using direct = await startApp({ limits: testLimits({ calls: 1 }) });
  assert.equal(await call(direct.url, '192.0.2.1'), 200);
  assert.equal(await call(direct.url, '192.0.2.2'), 429);
  await using behind = await startApp({ settings: { TRUST_PROXY: ['loopback'] }, limits: testLimits({ calls: 1 }) });
  assert.equal(await call(behind.url, '192.0.2.1'), 200);
  assert.equal(await call(behind.url, '192.0.2.2'), 200);
  assert.equal(await call(behind.url, '::ffff:192.0.2.2'), 429);
  assert.equal(await call(behind.url, '203.0.113.9, 192.0.2.2'), 429);
  assert.equal(await call(behind.url, '2001:db8::1'), 200);
  assert.equal(await call(behind.url, '2001:db8:0:0:ffff::2'), 429);
  assert.equal(await call(behind.url, '2001:db8:0:1::1'), 200);
});

test('without limits nothing is told of any', async () => {
  await using app = await startApp();
  assert.deepEqual(limitHeaders(await fetch(`${app.url}/named?name=a`)), [null, null]);
});
