import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { MOST_PIPELINED } from '../src/http/connections.ts';
import { startApp, testLimits } from './http-app.ts';
import { exchange, openWire, type WireAnswer } from './http-wire.ts';

const soon = { settings: { REQUEST_TIMEOUT_SECONDS: 0.2 } };

/** Checks that an answer is a whole problem document that ends its connection. */
function last({ status, headers, body }: WireAnswer, code: string, expected: number): void {
  const document = JSON.parse(body);
  assert.deepEqual([status, document.code, document.status], [expected, code, expected]);
  assert.equal(headers['content-type'], 'application/problem+json');
  assert.equal(document.request_id, headers['x-request-id']);
  assert.equal(headers['connection'], 'close');
}

const postHead = (length: number) =>
  `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;

describe('a body that is broken before anybody reads it', () => {
  const bodies = {
    'a negative size of a chunk': 'Transfer-Encoding: chunked\r\n\r\n-1\r\nhello',
    'an unknown coding': 'Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
    'a chunk extension that ends with a bare LF': 'Transfer-Encoding: chunked\r\n\r\n2;a\n{}\r\n0\r\n\r\n',
    'a size that overflows': 'Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n{}',
  };
  for (const [name, rest] of Object.entries(bodies)) {
    test(`${name} is 400, and ends the connection`, async () => {
      // With a limit, which is looked up while the parser fails.
      await using app = await startApp({ limits: testLimits({ calls: 10 }) });
      using wire = await openWire(app.port);
      wire.send(`POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${rest}`);
      const { status, body } = await wire.answer();
      assert.deepEqual([status, JSON.parse(body).code], [400, 'bad_request']);
      await wire.ended();
      assert.equal(app.echoes(), 0);
    });
  }
});

describe('requests that do not wait for the answers of others', () => {
  const request = 'GET /quiet HTTP/1.1\r\nHost: a\r\n\r\n';

  test('a few on one connection are all answered, as often as they come', async () => {
    await using app = await startApp();
    using wire = await openWire(app.port);
    for (let round = 0; round < 3; round += 1) {
      wire.send(request.repeat(MOST_PIPELINED));
      for (let count = 0; count < MOST_PIPELINED; count += 1) assert.equal((await wire.answer()).status, 200);
    }
  });

  test('more end the connection, and no more than those few are taken up', async () => {
    await using app = await startApp();
    using wire = await openWire(app.port);
    wire.send(request.repeat(1_000));
    const answered = (await wire.ended()).split('HTTP/1.1 ').length - 1;
    assert.ok(answered <= MOST_PIPELINED, `${answered} were answered`);
    assert.equal((await exchange(app.port, request)).status, 200);
  });
});

describe('answers that wait in memory', () => {
  test('beyond 64 KiB of them a connection has no more requests begun, until they leave', async () => {
    await using app = await startApp();
    const begun: ServerResponse[] = [];
    app.server.server.on('request', (_request, answer: ServerResponse) => begun.push(answer));
    using wire = await openWire(app.port);
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
    wire.send(get('/slow'));
    await app.slowBegun;
    for (let count = 1; count <= 6; count += 1) {
      wire.send(get(`/named?name=${'n'.repeat(15_000)}`));
      while (begun[count]?.writableEnded !== true) await turnOfLoop();
    }
    // What comes next is begun still, and with it the connection is no longer read.
    for (let count = 0; count < 20; count += 1) {
      wire.send(get('/quiet'));
      for (let turn = 0; turn < 10; turn += 1) await turnOfLoop();
    }
    assert.ok(begun.length <= 8, `${begun.length} are begun`);
    app.finishSlow();
    for (let count = 0; count < 27; count += 1) assert.equal((await wire.answer()).status, 200);
    assert.equal(begun.length, 27);
  });
});

describe('requests that do not arrive in time', () => {
  test('a caller that sends nothing is told 408', async () => {
    await using app = await startApp(soon);
    using wire = await openWire(app.port);
    last(await wire.answer(), 'request_timeout', 408);
    assert.equal(await wire.ended(), '');
  });

  test('a caller that drips its headers is told 408, which is counted and logged', async () => {
    await using app = await startApp(soon);
    const counted = app.nextAnswered();
    using wire = await openWire(app.port);
    wire.send('GET /quiet HTTP/1.1\r\nHost: a\r\n');
    const drip = setInterval(() => wire.send('X-A: b\r\n'), 20);
    try {
      const answer = await wire.answer();
      last(answer, 'request_timeout', 408);
      const { method, route, status } = await counted;
      assert.deepEqual({ method, route, status }, { method: 'unknown', route: 'unknown', status: 408 });
      assert.equal(app.logged[0]?.fields['request_id'], answer.headers['x-request-id']);
      await wire.ended();
    } finally {
      clearInterval(drip);
    }
  });

  test('a caller that drips its body is told 408 by the route, in one line of the log', async () => {
    await using app = await startApp(soon);
    const counted = app.nextAnswered();
    using wire = await openWire(app.port);
    wire.send(`${postHead(100)}{"text":"`);
    const drip = setInterval(() => wire.send('a'), 20);
    try {
      last(await wire.answer(), 'request_timeout', 408);
      await wire.ended();
      assert.equal((await counted).route, '/echo');
      assert.equal(app.logged.length, 1);
      assert.equal(app.echoes(), 0);
    } finally {
      clearInterval(drip);
    }
  });

  test('a caller that was answered before its body came is cut off without a second answer', async () => {
    await using app = await startApp(soon);
    using wire = await openWire(app.port);
    wire.send('POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n');
    assert.equal((await wire.answer()).status, 404);
    assert.equal(await wire.ended(), '');
  });

  test('an answer that takes longer is not cut off', async () => {
    await using app = await startApp(soon);
    using wire = await openWire(app.port);
    wire.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await app.slowBegun;
    // A connection that is opened now and times out shows that the server has looked at both.
    using other = await openWire(app.port);
    assert.equal((await other.answer()).status, 408);
    app.finishSlow();
    assert.equal((await wire.answer()).status, 200);
  });
});

describe('what is not HTTP', () => {
  const malformed: Record<string, string> = {
    'no HTTP': 'hello\r\n\r\n',
    'a method that nobody knows': 'FROB /quiet HTTP/1.1\r\nHost: a\r\n\r\n',
    'a header without a name': 'GET /quiet HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n',
    'a folded header': 'GET /quiet HTTP/1.1\r\nHost: a\r\n b\r\n\r\n',
    'a control character in a header': 'GET /quiet HTTP/1.1\r\nHost: a\r\nX-A: \x01\r\n\r\n',
    'two lengths': 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    'a length and chunks': 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    'a bare line feed': 'GET /quiet HTTP/1.1\nHost: a\n\n',
    'a bad chunk':
      'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'no host': 'GET /quiet HTTP/1.1\r\n\r\n',
  };
  for (const [what, text] of Object.entries(malformed)) {
    test(`${what} is 400`, async () => {
      await using app = await startApp();
      const { status, body, headers } = await exchange(app.port, text);
      assert.equal(status, 400, body);
      assert.equal(JSON.parse(body).code, 'bad_request');
      assert.equal(headers['content-type'], 'application/problem+json');
      assert.equal(app.echoes(), 0);
    });
  }

  test('HTTP/1.0 needs no host', async () => {
    await using app = await startApp();
    assert.equal((await exchange(app.port, 'GET /quiet HTTP/1.0\r\n\r\n')).status, 200);
  });

  test('headers that are too large, or too many, are 431', async () => {
    await using app = await startApp();
    const fields = {
      large: `X-A: ${'x'.repeat(40_000)}\r\n`,
      many: 'X-A: b\r\n'.repeat(100),
      'far too many': 'a:\r\n'.repeat(5_000),
    };
    for (const [what, lines] of Object.entries(fields)) {
      const { status, body } = await exchange(app.port, `GET /quiet HTTP/1.1\r\nHost: a\r\n${lines}\r\n`);
      assert.deepEqual([status, JSON.parse(body).code], [431, 'headers_too_large'], what);
    }
    const just = await exchange(app.port, `GET /quiet HTTP/1.1\r\nHost: a\r\n${'X-A: b\r\n'.repeat(99)}\r\n`);
    assert.equal(just.status, 200);
  });

  test('an expectation other than 100-continue is 417', async () => {
    await using app = await startApp();
    const { status, body } = await exchange(app.port, 'GET /quiet HTTP/1.1\r\nHost: a\r\nExpect: cake\r\n\r\n');
    assert.deepEqual([status, JSON.parse(body).code], [417, 'expectation_failed']);
    using wire = await openWire(app.port);
    wire.send(
      `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n`,
    );
    assert.equal((await wire.answer()).status, 100);
    wire.send('{"text":"a"}');
    assert.equal((await wire.answer()).status, 200);
  });

  test('CONNECT is 405, and an upgrade that nobody offers is an ordinary request', async () => {
    await using app = await startApp();
    using wire = await openWire(app.port);
    wire.send('CONNECT example.com:443 HTTP/1.1\r\nHost: a\r\n\r\n');
    const answer = await wire.answer();
    last(answer, 'method_not_allowed', 405);
    assert.equal(answer.headers['allow'], '');
    assert.equal(await wire.ended(), '');
    const upgrade = 'GET /quiet HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    assert.equal((await exchange(app.port, upgrade)).status, 200);
  });

  test('the answer that an earlier request is owed comes before that of what follows and is not HTTP', async () => {
    await using app = await startApp();
    using wire = await openWire(app.port);
    wire.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /quiet HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n');
    await app.slowBegun;
    app.finishSlow();
    assert.deepEqual(JSON.parse((await wire.answer()).body), { slow: true });
    assert.deepEqual(JSON.parse((await wire.answer()).body), {});
    last(await wire.answer(), 'bad_request', 400);
    assert.equal(await wire.ended(), '');
  });

  test('requests that are sent without waiting are answered in order', async () => {
    await using app = await startApp();
    using wire = await openWire(app.port);
    wire.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    for (let count = 0; count < 50; count += 1) wire.send(`GET /named?name=${count} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await app.slowBegun;
    app.finishSlow();
    assert.deepEqual(JSON.parse((await wire.answer()).body), { slow: true });
    for (let count = 0; count < 50; count += 1) {
      assert.deepEqual(JSON.parse((await wire.answer()).body), { name: String(count) });
    }
  });
});
