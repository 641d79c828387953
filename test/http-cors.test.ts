import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startApp, testLimits } from './http-app.ts';

const listed = 'https://app.example.com';
const settings = { CORS_ORIGINS: [listed] };

const preflight = (url: string, origin: string) =>
  fetch(`${url}/echo`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
  });

test('where no origin is listed, nothing is said of CORS and OPTIONS is 405', async () => {
  await using app = await startApp();
  const answer = await preflight(app.url, listed);
  assert.equal(answer.status, 405);
  const plain = await fetch(`${app.url}/quiet`, { headers: { origin: listed } });
  for (const { headers } of [answer, plain]) assert.equal(headers.get('access-control-allow-origin'), null);
});

test('a listed origin may call, without credentials', async () => {
  await using app = await startApp({ settings });
  const answer = await preflight(app.url, listed);
  assert.equal(answer.status, 204);
  assert.equal(answer.headers.get('access-control-allow-origin'), listed);
  assert.equal(answer.headers.get('access-control-allow-methods'), 'GET, HEAD, POST, PUT, PATCH, DELETE');
  assert.equal(
    answer.headers.get('access-control-allow-headers'),
    'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID',
  );
  assert.equal(answer.headers.get('access-control-allow-credentials'), null);
  assert.match(answer.headers.get('vary') ?? '', /Origin/);
  assert.ok(answer.headers.get('x-request-id'));
});

test('a listed origin may read errors too, those of the limits among them', async () => {
  await using app = await startApp({ settings, limits: testLimits({ calls: 1 }) });
  for (const status of [404, 429]) {
    const answer = await fetch(`${app.url}/nothing`, { headers: { origin: listed } });
    assert.equal(answer.status, status);
    assert.equal(answer.headers.get('access-control-allow-origin'), listed);
    assert.match(answer.headers.get('access-control-expose-headers') ?? '', /Retry-After/);
  }
});

test('an OPTIONS that is no preflight is answered in the same way', async () => {
  await using app = await startApp({ settings });
  assert.equal((await fetch(`${app.url}/echo`, { method: 'OPTIONS' })).status, 204);
});

test('any other origin may not', async () => {
  await using app = await startApp({ settings });
  for (const origin of [
    'https://evil.example.com',
    'https://app.example.com.evil.com',
    'http://app.example.com',
    'null',
  ]) {
    assert.equal((await preflight(app.url, origin)).headers.get('access-control-allow-origin'), null);
    const answer = await fetch(`${app.url}/quiet`, { headers: { origin } });
    assert.equal(answer.headers.get('access-control-allow-origin'), null);
  }
});

test('with CORS a path at which there is nothing is still 404, and a wrong method 405', async () => {
  await using app = await startApp({ settings });
  assert.equal((await fetch(`${app.url}/nothing`)).status, 404);
  const headers = { origin: 'https://elsewhere.example', 'access-control-request-method': 'GET' };
  assert.equal((await fetch(`${app.url}/nothing`, { method: 'OPTIONS', headers })).status, 404);
  const answer = await fetch(`${app.url}/echo`);
  assert.equal(answer.status, 405);
  assert.equal(answer.headers.get('allow'), 'POST');
});
