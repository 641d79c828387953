import assert from 'node:assert/strict';
import { METHODS } from 'node:http';
import { describe, test } from 'node:test';
import { startApp, type TestApp } from './http-app.ts';
import { post, problem } from './http-problem.ts';
import { exchange, openWire } from './http-wire.ts';

describe('routes', () => {
  test('a path at which there is nothing is 404 for every method, before its body is looked at', async () => {
    await using app = await startApp();
    await problem(await fetch(`${app.url}/nothing?password=x`), 'route_not_found');
    await problem(await post(app, '{', { path: '/nothing' }), 'route_not_found');
    await problem(
      await post(app, 'x', { path: '/nothing', headers: { 'content-type': 'text/plain' } }),
      'route_not_found',
    );
    for (const path of ['/Echo', '/echo/', '//echo', '/echo%2f', '*']) {
      assert.equal((await exchange(app.port, `OPTIONS ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)).status, 404, path);
    }
  });

  test('a method that a path does not take is 405 and told which it takes', async () => {
    await using app = await startApp();
    const allowed = { '/named': 'GET, HEAD', '/echo': 'POST', '/thing': 'DELETE' };
    for (const [path, allow] of Object.entries(allowed)) {
      for (const method of METHODS.filter((each) => each !== 'CONNECT' && !allow.split(', ').includes(each))) {
        using wire = await openWire(app.port);
        wire.send(`${method} ${path}?name=a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Type: x\r\n\r\n`);
        const answer = await wire.answer(method);
        assert.equal(answer.status, 405, `${method} ${path}`);
        assert.equal(answer.headers['allow'], allow);
      }
    }
    await problem(await fetch(`${app.url}/echo`), 'method_not_allowed');
  });

  test('HEAD is answered where GET is, without a body', async () => {
    await using app = await startApp();
    const head = await fetch(`${app.url}/named?name=a`, { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.headers.get('content-length'), '12');
    using wire = await openWire(app.port);
    wire.send('HEAD /nothing HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await wire.answer('HEAD')).status, 404);
    wire.send('GET /quiet HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await wire.answer()).status, 200);
  });

  test('a path that is no percent-encoded UTF-8 is 400', async () => {
    await using app = await startApp();
    for (const path of ['/part/%', '/part/%ff', '/%zz']) await problem(await fetch(app.url + path), 'bad_request');
  });

  test('a part of a path that is too long is 414, and so is a URI', async () => {
    await using app = await startApp();
    await problem(await fetch(`${app.url}/part/${'x'.repeat(2_000)}`), 'uri_too_long');
    await problem(await fetch(`${app.url}/named?name=${'x'.repeat(17_000)}`), 'uri_too_long');
  });

  test('the longest name that may select something fits into a URI', async () => {
    await using app = await startApp();
    const answer = await fetch(`${app.url}/named?name=${encodeURIComponent('😀'.repeat(1_024))}`);
    assert.equal(answer.status, 200);
  });
});

describe('what every answer has', () => {
  test('an unexpected error is 500 without a word of it, and is in the log with its stack under the same id', async () => {
    await using app = await startApp();
    const logged = app.nextAnswered();
    const answer = await fetch(`${app.url}/fails`);
    const text = await answer.clone().text();
    const { request_id } = await problem(answer, 'internal');
    assert.doesNotMatch(text, /secret|SELECT|\.ts/);
    await logged;
    const line = app.logged.find(({ level }) => level === 'error');
    assert.equal(line?.fields['request_id'], request_id);
    assert.ok(line?.fields['err'] instanceof Error);
    assert.match(line.fields['err'].stack ?? '', /SELECT secret FROM vault\n(.*\n)*.*http-app\.ts/);
  });

  test('the security headers and a request id of its own', async () => {
    await using app = await startApp();
    const ids = new Set<string | null>();
    const texts = ['GET /quiet', 'GET /fails', 'GET /nothing', 'PUT /echo', 'GET /part/%', 'CONNECT a:1', 'GARBAGE'];
    for (const text of texts) {
      const { headers } = await exchange(app.port, `${text} HTTP/1.1\r\nHost: a\r\n\r\n`);
      assert.equal(headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'", text);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['x-frame-options'], 'DENY');
      assert.equal(headers['referrer-policy'], 'no-referrer');
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
      assert.equal(headers['strict-transport-security'], undefined);
      assert.match(headers['x-request-id'] ?? '', /^[a-z0-9]+-[a-z0-9]+$/);
      ids.add(headers['x-request-id'] ?? null);
    }
    assert.equal(ids.size, texts.length);
  });

  test('HSTS where callers come by https', async () => {
    await using app = await startApp({ settings: { PUBLIC_URL: 'https://api.example.com' } });
    assert.match((await fetch(`${app.url}/quiet`)).headers.get('strict-transport-security') ?? '', /^max-age=\d{8}/);
  });

  test('one line in the log, with the pattern of the route, and none of what was sent', async () => {
    await using app = await startApp();
    const counted = app.nextAnswered();
    const answer = await fetch(`${app.url}/named?name=hidden`, {
      headers: { authorization: 'Bearer hidden', 'user-agent': 'hidden' },
    });
    assert.equal(answer.status, 200);
    assert.deepEqual(
      { ...(await counted), seconds: 0 },
      { method: 'GET', route: '/named', status: 200, seconds: 0, code: undefined },
    );
    assert.equal(app.logged.length, 1);
    const { milliseconds, ...fields } = app.logged[0]?.fields ?? {};
    assert.ok(typeof milliseconds === 'number' && milliseconds > 0);
    assert.deepEqual(fields, {
      request_id: answer.headers.get('x-request-id'),
      method: 'GET',
      route: '/named',
      status: 200,
      address: '127.0.0.1',
      bytes: 17,
      message: 'answered',
    });
  });

  test('a problem with its code in the log', async () => {
    await using app = await startApp();
    const counted = app.nextAnswered();
    await fetch(`${app.url}/nothing`);
    await counted;
    assert.equal(app.logged.at(-1)?.fields['code'], 'route_not_found');
  });

  test('a request with two hosts or two content types is 400', async () => {
    await using app = await startApp();
    for (const [path, fields] of [
      ['GET /quiet', 'Host: a\r\nHOST: b'],
      ['POST /echo', 'Host: a\r\nContent-Type: application/json\r\nContent-Type: text/plain\r\nContent-Length: 0'],
    ]) {
      const { status } = await exchange(app.port, `${path} HTTP/1.1\r\n${fields}\r\n\r\n`);
      assert.equal(status, 400, fields);
    }
  });

  test('paths at which there is nothing are counted as one route', async () => {
    await using app = await startApp();
    for (const path of ['/nothing', '/part/%']) {
      const counted = app.nextAnswered();
      await fetch(app.url + path);
      assert.equal((await counted).route, 'unknown');
    }
  });

  test('a caller that hangs up is logged as such', async () => {
    await using app = await startApp();
    const counted = app.nextAnswered();
    using wire = await openWire(app.port);
    wire.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await app.slowBegun;
    wire.socket.destroy();
    assert.equal((await counted).status, 499);
  });

  test('the id of a request is its own unless a proxy is trusted to name it', async () => {
    const name = async (app: TestApp, id: string) =>
      (await fetch(`${app.url}/quiet`, { headers: { 'x-request-id': id } })).headers.get('x-request-id');
    await using app = await startApp();
    assert.notEqual(await name(app, 'abc-1'), 'abc-1');
    await using behind = await startApp({ settings: { TRUST_PROXY: ['loopback'] } });
    assert.equal(await name(behind, 'Abc._-1'), 'Abc._-1');
    for (const bad of ['a b', 'a,b', 'x'.repeat(129), '<a>']) assert.notEqual(await name(behind, bad), bad);
  });
});
