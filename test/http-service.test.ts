import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TenantryError } from '../src/errors.ts';
import { stopServer } from '../src/http/server.ts';
import { call, openEdge, type TestEdge, told } from './http-edge.ts';

describe('beside the API', () => {
  test('the root says what answers', async () => {
    await using edge = await openEdge();
    const { status, body } = await call(edge, ['GET', '/']);
    assert.equal(status, 200);
    assert.deepEqual(body, { message: 'Tenantry is running', version: '1.2.3', docs: '/docs' });
  });

  test('the public keys may be cached, and nothing private is among them', async () => {
    await using edge = await openEdge();
    const { status, body, headers } = await call(edge, ['GET', '/.well-known/jwks.json']);
    assert.equal(status, 200);
    assert.equal(headers['cache-control'], 'public, max-age=300');
    const keys = body['keys'] as Record<string, unknown>[];
    assert.equal(keys.length, 1);
    assert.deepEqual(
      keys.flatMap((key) => Object.keys(key)).filter((member) => member === 'd'),
      [],
    );
  });

  test('the service is live and ready, until its database cannot be read or it stops', async () => {
    await using edge = await openEdge();
    assert.deepEqual((await call(edge, ['GET', '/health/live'])).body, { status: 'live' });
    assert.deepEqual((await call(edge, ['GET', '/health/ready'])).body, { status: 'ready' });
    edge.failReady(
      new TenantryError('storage_unavailable', 'The database cannot be read', { cause: new Error('disk') }),
    );
    const failed = await call(edge, ['GET', '/health/ready']);
    assert.deepEqual(told(failed), [503, 'storage_unavailable', 'The database cannot be read']);
    assert.equal(failed.headers['retry-after'], '1');
    assert.equal((await call(edge, ['GET', '/health/live'])).status, 200);
    edge.server.connections.stop();
    assert.equal(told(await call(edge, ['GET', '/health/ready']))[1], 'stopping');
    await stopServer(edge.server, { seconds: 1 });
  });

  const token = 'a'.repeat(32);
  const metrics = async (edge: TestEdge, headers: Record<string, string> = {}) =>
    (await edge.server.inject({ url: '/metrics', headers })).statusCode;

  test('the metrics are shown to callers on this machine', async () => {
    await using edge = await openEdge();
    const answer = await edge.server.inject('/metrics');
    assert.equal(answer.body, 'up 1\n');
    assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    for (const name of ['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'X-Forwarded-Host']) {
      assert.equal(await metrics(edge, { [name]: '127.0.0.1' }), 404);
    }
    for (const host of ['::1', 'localhost', '127.8.8.8']) {
      await using other = await openEdge({ HOST: host });
      assert.equal(await metrics(other), 200, host);
    }
  });

  test('the metrics are not there where others could call', async () => {
    for (const settings of [
      { HOST: '0.0.0.0' },
      { HOST: '::' },
      { HOST: 'example.com' },
      { TRUST_PROXY: 'loopback' },
    ]) {
      await using edge = await openEdge(settings);
      assert.equal(await metrics(edge), 404, JSON.stringify(settings));
    }
  });

  test('with a token the metrics are shown to its bearer alone, wherever from', async () => {
    await using edge = await openEdge({ METRICS_TOKEN: token, HOST: '0.0.0.0' });
    assert.equal(await metrics(edge), 404);
    assert.equal(await metrics(edge, { authorization: `Bearer ${token}a` }), 404);
    assert.equal(await metrics(edge, { authorization: `Basic ${token}` }), 404);
    assert.equal(await metrics(edge, { authorization: `Bearer ${token}` }), 200);
    await using local = await openEdge({ METRICS_TOKEN: token });
    assert.equal(await metrics(local), 404);
  });
});
