import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { buildFramework } from '../src/http/framework.ts';
import { childrenOf } from './collector.ts';
import { startApp } from './http-app.ts';
import { startTraces } from './tracing.ts';

const elsewhere = 'f'.repeat(32);
const traceparent = `00-${elsewhere}-${'e'.repeat(16)}-01`;

/** An app whose requests are traced. Both end with their scope. */
async function startTraced(settings: { TRUST_PROXY?: string[] } = {}) {
  const ground = await startTraces();
  const app = await startApp({ settings, tracer: ground.traces.tracer });
  return {
    app,
    ...ground,
    /** Makes a call and waits until it is counted, which is when its span ends. */
    async call(path: string, options: RequestInit = {}) {
      const answered = app.nextAnswered();
      const answer = await fetch(`${app.url}${path}`, options);
      await answer.arrayBuffer();
      await answered;
      return answer;
    },
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]();
      await ground[Symbol.asyncDispose]();
    },
  };
}

test('a request is a span with its method, route, status and the ids of its line in the log', async () => {
  await using ground = await startTraced();
  await ground.call('/part/acme?secret=S3cret', { headers: { authorization: 'Bearer S3cret', cookie: 'S3cret' } });
  await ground.send();
  const [span, ...others] = ground.collector.spans;
  assert.deepEqual(others, []);
  const [line] = ground.app.logged.filter(({ fields }) => fields['message'] === 'answered');
  assert.deepEqual(
    { name: span?.name, kind: span?.kind, status: span?.status, ...span?.attributes },
    {
      name: 'GET /part/:part',
      kind: 2,
      status: 0,
      'http.request.method': 'GET',
      'http.route': '/part/:part',
      'http.response.status_code': 200,
      'url.scheme': 'http',
      'client.address': '127.0.0.1',
      'tenantry.request_id': line?.fields['request_id'],
    },
  );
  assert.deepEqual([line?.fields['trace_id'], line?.fields['span_id']], [span?.traceId, span?.spanId]);
  const sent = ground.collector.requests.map(({ text }) => text).join();
  assert.ok(!sent.includes('S3cret') && !sent.includes('acme'), sent);
});

test('what a request sends, and what went wrong inside, are not told; the code of the problem is', async () => {
  await using ground = await startTraced();
  const headers = { 'content-type': 'application/json' };
  await ground.call('/echo', { method: 'POST', headers, body: '{"text": "S3cret"}' });
  await ground.call('/echo', { method: 'POST', headers, body: '{"S3cret": 1}' });
  assert.equal((await ground.call('/fails')).status, 500);
  await ground.send();
  const shown = ground.collector.spans.map(({ name, status, attributes }) => [
    name,
    attributes['http.response.status_code'],
    status,
    attributes['error.type'],
  ]);
  assert.deepEqual(shown, [
    ['POST /echo', 200, 0, undefined],
    ['POST /echo', 422, 0, undefined],
    ['GET /fails', 500, 2, 'internal'],
  ]);
  const sent = ground.collector.requests.map(({ text }) => text).join();
  assert.ok(!/S3cret|SELECT|vault/.test(sent), sent);
});

test('what is done for a request is within its span, also where its body came long after its head', async () => {
  await using ground = await startTraced();
  const { tracer } = ground.traces;
  const server = buildFramework(ground.app.parts);
  server.post('/late', { schema: { body: { type: 'object' } } }, () => tracer.call('work', {}, async () => ({})));
  await server.listen({ port: 0, host: '127.0.0.1' });
  const { port } = server.server.address() as AddressInfo;
  const headers = { 'content-type': 'application/json', 'content-length': 2 };
  const begun = once(server.server, 'request');
  const asked = request({ port, host: '127.0.0.1', path: '/late', method: 'POST', headers, agent: false });
  asked.flushHeaders();
  await begun;
  // The hooks before the body are over, and the connection is read again.
  for (let turn = 0; turn < 10; turn++) await setImmediate();
  asked.write('{');
  for (let turn = 0; turn < 10; turn++) await setImmediate();
  asked.end('}');
  const [answer] = await once(asked, 'response');
  answer.resume();
  assert.equal(answer.statusCode, 200);
  await server.close();
  await ground.send();
  const [root] = ground.collector.spans.filter(({ name }) => name === 'POST /late');
  assert.ok(root !== undefined);
  assert.deepEqual(
    childrenOf(ground.collector, root).map(({ name }) => name),
    ['work'],
  );
});

test('paths and methods that a caller makes up make no names, and health is not traced', async () => {
  await using ground = await startTraced();
  await ground.call('/S3cret');
  await ground.call('/%E0%A4%A');
  await ground.call('/thing', { method: 'PROPFIND' });
  await ground.call('/health/live');
  await ground.call('/health/live?again');
  await ground.send();
  const shown = ground.collector.spans.map(({ name, attributes }) => [name, attributes['http.request.method']]);
  assert.deepEqual(shown, [
    ['GET', 'GET'],
    ['GET', 'GET'],
    ['HTTP', '_OTHER'],
  ]);
});

test('a trace is gone on with where a trusted proxy sent it, and nowhere else', async () => {
  const forwarded = { 'x-forwarded-for': '192.0.2.7' };
  for (const [TRUST_PROXY, headers, isTaken] of [
    [undefined, { traceparent, ...forwarded }, false],
    [['10.0.0.1'], { traceparent, ...forwarded }, false],
    [['127.0.0.1'], { traceparent }, false],
    [['127.0.0.1'], { traceparent, ...forwarded }, true],
    [['127.0.0.1'], { traceparent: `${traceparent}, ${traceparent}`, ...forwarded }, false],
  ] as const) {
    await using ground = await startTraced(TRUST_PROXY && { TRUST_PROXY: [...TRUST_PROXY] });
    await ground.call('/quiet', { headers });
    await ground.send();
    const [span] = ground.collector.spans;
    assert.equal(span?.traceId === elsewhere, isTaken, JSON.stringify([TRUST_PROXY, headers]));
    assert.equal(span?.parentSpanId, isTaken ? 'e'.repeat(16) : undefined);
  }
});

test('of a request whose caller hangs up the span ends with what the log says', async () => {
  await using ground = await startTraced();
  const answered = ground.app.nextAnswered();
  const abort = new AbortController();
  const call = assert.rejects(fetch(`${ground.app.url}/slow`, { signal: abort.signal }));
  await ground.app.slowBegun;
  abort.abort();
  await Promise.all([call, answered]);
  await ground.send();
  assert.equal(ground.collector.spans[0]?.attributes['http.response.status_code'], 499);
});
