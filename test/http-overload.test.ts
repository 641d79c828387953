import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { startApp } from './http-app.ts';
import { exchange, openWire } from './http-wire.ts';

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

const echo = JSON.stringify({ text: 'x'.repeat(20_000) });
const echoHead = `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${echo.length}\r\n\r\n`;

/** An app that may have one request in work, and has it. */
async function startFull(more: { hashesWaiting?: number } = {}) {
  const app = await startApp({ settings: { REQUESTS: 1 }, ...more });
  const slow = fetch(`${app.url}/slow`);
  await app.slowBegun;
  return {
    ...app,
    async finish() {
      app.finishSlow();
      assert.deepEqual([(await slow).status, await (await slow).json()], [200, { slow: true }]);
    },
  };
}

describe('a service that has as much in work as it may', { timeout: 120_000 }, () => {
  test('refuses the next request at once, finishes what is in work, and then serves again', async () => {
    await using app = await startFull();
    using wire = await openWire(app.port);
    wire.send(get('/quiet'));
    const { status, headers, body } = await wire.answer();
    const { 'x-request-id': id, date, ...others } = headers;
    assert.deepEqual(
      { status, ...others },
      {
        status: 503,
        'content-type': 'application/problem+json',
        'cache-control': 'no-store',
        'retry-after': '1',
        'content-length': String(Buffer.byteLength(body)),
        connection: 'keep-alive',
        'keep-alive': 'timeout=72',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      },
    );
    assert.ok(date);
    assert.deepEqual(JSON.parse(body), {
      type: 'urn:tenantry:error:busy',
      title: 'Too busy',
      status: 503,
      detail: 'Too much is in work; try again in 1 s',
      code: 'busy',
      request_id: id,
    });
    await app.finish();
    wire.send(get('/quiet'));
    assert.equal((await wire.answer()).status, 200);
  });

  test('tells its health', async () => {
    await using app = await startFull();
    assert.equal((await exchange(app.port, get('/health/live'))).status, 200);
    await app.finish();
  });

  test('refuses each request of a pipeline, in their order, and goes on with its connection', async () => {
    await using app = await startFull();
    using wire = await openWire(app.port);
    wire.send(get('/quiet') + get('/health/live') + get('/quiet').repeat(40));
    const statuses: number[] = [];
    while (statuses.length < 42) statuses.push((await wire.answer()).status);
    assert.deepEqual(statuses, [503, 200, ...Array<number>(40).fill(503)]);
    await app.finish();
    wire.send(get('/quiet'));
    assert.equal((await wire.answer()).status, 200);
  });

  test('refuses a request whose body is still being sent, and takes the rest of it', async () => {
    await using app = await startFull();
    using wire = await openWire(app.port);
    wire.send(echoHead + echo.slice(0, 10_000));
    assert.equal((await wire.answer()).status, 503);
    await app.finish();
    wire.send(echo.slice(10_000) + get('/quiet'));
    assert.equal((await wire.answer()).status, 200);
    assert.equal(app.echoes(), 0);
  });

  test('is full of what is in work, and not of what waits for a password hash', async () => {
    await using app = await startFull({ hashesWaiting: 1 });
    assert.equal((await exchange(app.port, get('/quiet'))).status, 200);
    await app.finish();
  });

  test('has room again where the caller of what is in work has hung up', async () => {
    await using app = await startApp({ settings: { REQUESTS: 1 } });
    using wire = await openWire(app.port);
    wire.send(get('/slow'));
    await app.slowBegun;
    const told = app.nextAnswered();
    wire.socket.destroy();
    assert.equal((await told).status, 499);
    assert.equal((await exchange(app.port, get('/quiet'))).status, 200);
  });

  test('counts each that it refuses, and says how many in one line of its log', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    await using app = await startFull();
    using wire = await openWire(app.port);
    wire.send(get('/quiet').repeat(20));
    for (let count = 0; count < 20; count += 1) assert.equal((await wire.answer()).status, 503);
    assert.deepEqual(app.logged, []);
    context.mock.timers.tick(1_000);
    const message = 'too much was in work: requests were refused';
    assert.deepEqual(app.logged, [{ level: 'warn', fields: { refused: 20, code: 'busy', message } }]);
    const refused = { method: 'GET', route: 'unknown', status: 503, seconds: 0, code: 'busy' };
    assert.deepEqual(app.answered, Array(20).fill(refused));
    await app.finish();
  });
});

describe('room for requests', { timeout: 120_000 }, () => {
  test('is not taken by who is slow to send a body, until all of it is there', async () => {
    await using app = await startApp({ settings: { REQUESTS: 1 } });
    using wire = await openWire(app.port);
    const arrived = once(app.server.server, 'request');
    wire.send(echoHead);
    await arrived;
    // What is done in the turn after that of the head is done.
    for (let turn = 0; turn < 3; turn += 1) await turnOfLoop();
    assert.equal((await exchange(app.port, get('/quiet'))).status, 200);
    wire.send(echo);
    assert.equal((await wire.answer()).status, 200);
    assert.equal((await exchange(app.port, get('/quiet'))).status, 200);
  });

  test('is not taken by answers that wait for one before them', async () => {
    await using app = await startApp({ settings: { REQUESTS: 3 } });
    const answers: ServerResponse[] = [];
    app.server.server.on('request', (_request, answer: ServerResponse) => answers.push(answer));
    using wire = await openWire(app.port);
    wire.send(get('/slow') + get('/quiet').repeat(2));
    await app.slowBegun;
    while (answers.filter(({ writableEnded }) => writableEnded).length < 2) await turnOfLoop();
    assert.equal((await exchange(app.port, get('/quiet'))).status, 200);
    wire.send(get('/quiet').repeat(60));
    while (answers.filter(({ writableEnded }) => writableEnded).length < 63) await turnOfLoop();
    assert.equal((await exchange(app.port, get('/quiet'))).status, 200);
    app.finishSlow();
    const statuses: number[] = [];
    while (statuses.length < 63) statuses.push((await wire.answer()).status);
    assert.deepEqual(statuses.slice(0, 3), [200, 200, 200]);
  });

  test('is there for all that come at once up to the bound, who begin in the order in which they came', async () => {
    await using app = await startApp({ settings: { REQUESTS: 60 } });
    using wire = await openWire(app.port);
    const names = Array.from({ length: 60 }, (_, number) => `n${number}`);
    wire.send(names.map((name) => get(`/named?name=${name}`)).join(''));
    const answers: string[] = [];
    while (answers.length < names.length) answers.push(JSON.parse((await wire.answer()).body).name);
    assert.deepEqual(answers, names);
  });
});
