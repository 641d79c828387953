import assert from 'node:assert/strict';
import { METHODS } from 'node:http';
import { describe, test } from 'node:test';
import { problemKinds } from '../src/http/problems.ts';
import { startApp, type TestApp } from './http-app.ts';
import { exchange, openWire } from './http-wire.ts';

const json = { 'content-type': 'application/json' };

function post(
  app: TestApp,
  body: string | Buffer,
  path = '/echo',
  headers: Record<string, string> = json,
): Promise<Response> {
  return fetch(app.url + path, { method: 'POST', body: new Uint8Array(Buffer.from(body)), headers });
}

/** Checks that an answer is a whole problem document of this code, and gives it. */
async function problem(answer: Response, code: keyof typeof problemKinds, status: number = problemKinds[code].status) {
  const document = (await answer.json()) as Record<string, unknown>;
  assert.equal(document['code'], code);
  assert.equal(answer.status, status);
  assert.equal(document['status'], status);
  assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  assert.equal(document['type'], `urn:tenantry:error:${code}`);
  assert.equal(document['title'], problemKinds[code].title);
  assert.equal(typeof document['detail'], 'string');
  assert.equal(document['request_id'], answer.headers.get('x-request-id'));
  return document;
}

const pointers = (document: Record<string, unknown>) =>
  (document['errors'] as { pointer: string }[] | undefined)?.map(({ pointer }) => pointer);

describe('bodies', () => {
  test('a good body reaches its handler as it was sent', async () => {
    await using app = await startApp();
    const body = { text: 'Größe 😀', count: 3, nested: { a: [null, true] } };
    const answer = await post(app, JSON.stringify(body));
    assert.equal(answer.status, 200);
    assert.deepEqual(await answer.json(), body);
  });

  test('unknown, missing and mistyped members are refused, each with its pointer, and nothing is coerced', async () => {
    await using app = await startApp();
    const document = await problem(await post(app, '{"count":"3","extra":1,"a/b~c":2}'), 'invalid_value');
    assert.deepEqual(pointers(document)?.sort(), ['#/a~1b~0c', '#/count', '#/extra', '#/text']);
    assert.deepEqual(pointers(await problem(await post(app, '{"text":1}'), 'invalid_value')), ['#/text']);
    assert.deepEqual(pointers(await problem(await post(app, '{"text":null}'), 'invalid_value')), ['#/text']);
    assert.deepEqual(pointers(await problem(await post(app, '{"text":["a"]}'), 'invalid_value')), ['#/text']);
    assert.equal(app.echoes(), 0);
  });

  test('members that objects inherit are unknown members', async () => {
    await using app = await startApp();
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const document = await problem(await post(app, `{"text":"a","${name}":{"text":"b"}}`), 'invalid_value');
      assert.deepEqual(pointers(document), [`#/${name}`]);
    }
  });

  test('a body that is no object is refused', async () => {
    await using app = await startApp();
    for (const body of ['null', '[]', '"text"', '1']) {
      assert.deepEqual(pointers(await problem(await post(app, body), 'invalid_value')), ['#']);
    }
  });

  test('a thousand unknown members make no long answer', async () => {
    await using app = await startApp();
    const members = Array.from({ length: 1_000 }, (_, number) => `"${'x'.repeat(500)}${number}":1`);
    const answer = await post(app, `{${members.join()}}`);
    assert.ok(Number(answer.headers.get('content-length')) < 3_000);
    await problem(answer, 'invalid_value');
  });

  const unreadable: Record<string, string | Buffer> = {
    nothing: '',
    'a duplicate member': '{"text":"a","text":"b"}',
    'a duplicate member in other letters': '{"text":"a","\\u0074ext":"b"}',
    'bad UTF-8': Buffer.from('{"text":"\xff"}', 'latin1'),
    'overlong UTF-8': Buffer.from('{"text":"\xc0\xaf"}', 'latin1'),
    'a byte order mark': '\ufeff{"text":"a"}',
    'nesting over 32': `{"text":"a","nested":${'['.repeat(32)}${']'.repeat(32)}}`,
    'nesting of half a million': '['.repeat(500_000),
    'no JSON': '{"text":',
    'a trailing comma': '{"text":"a",}',
    'UTF-16': Buffer.from('{"text":"a"}', 'utf16le'),
  };
  for (const [what, body] of Object.entries(unreadable)) {
    test(`a body of ${what} cannot be read: 400, and 422 on the reference routes`, async () => {
      await using app = await startApp();
      await problem(await post(app, body), 'body_unreadable', 400);
      await problem(await post(app, body, '/reference'), 'body_unreadable', 422);
      assert.equal(app.echoes(), 0);
    });
  }

  test('nesting of 32 can be read', async () => {
    await using app = await startApp();
    const answer = await post(app, `{"text":"a","nested":${'['.repeat(31)}${']'.repeat(31)}}`);
    assert.equal(answer.status, 200);
  });

  test('a NUL is refused at its member', async () => {
    await using app = await startApp();
    const document = await problem(await post(app, '{"text":"a\\u0000"}'), 'invalid_value');
    assert.deepEqual(pointers(document), ['#/text']);
  });

  test('what cannot be read does not end the connection', async () => {
    await using app = await startApp();
    using wire = await openWire(app.port);
    for (const body of ['{', '{"text":"a"}']) {
      wire.send(
        `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      assert.equal((await wire.answer()).status, body === '{' ? 400 : 200);
    }
  });

  test('a body that is not plain JSON in UTF-8 is 415', async () => {
    await using app = await startApp();
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/jsonx',
      'nonsense',
      'application/json; charset=latin1',
    ]) {
      await problem(await post(app, '{"text":"a"}', '/echo', { 'content-type': type }), 'content_type_unsupported');
    }
    await problem(await post(app, 'x', '/echo', { ...json, 'content-encoding': 'gzip' }), 'content_type_unsupported');
    const bare = await exchange(app.port, 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}');
    assert.equal(bare.status, 415);
    for (const type of ['application/json; charset=utf-8', 'application/json;charset="UTF-8"', 'APPLICATION/JSON']) {
      assert.equal((await post(app, '{"text":"a"}', '/echo', { 'content-type': type })).status, 200, type);
    }
    assert.equal(app.echoes(), 3);
  });

  test('a body over the limit is 413, and its sender gets the answer though it goes on sending', async () => {
    await using app = await startApp();
    const body = JSON.stringify({ text: 'x'.repeat(8_000_000) });
    for (const path of ['/echo', '/reference']) await problem(await post(app, body, path), 'body_too_large');
    using wire = await openWire(app.port);
    wire.send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (let chunk = 0; chunk < 40; chunk += 1) wire.send(`10000\r\n${'x'.repeat(0x10000)}\r\n`);
    assert.equal((await wire.answer()).status, 413);
    wire.send('0\r\n\r\nGET /quiet HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await wire.answer()).status, 200);
  });

  test('a body of exactly the limit is taken', async () => {
    await using app = await startApp();
    const text = 'x'.repeat(1_048_576 - '{"text":""}'.length);
    assert.equal((await post(app, `{"text":"${text}"}`)).status, 200);
    await problem(await post(app, `{"text":"${text}x"}`), 'body_too_large');
  });

  test('a body of GET or DELETE means nothing, and an announced one need not come', async () => {
    await using app = await startApp();
    for (const request of ['GET /quiet', 'DELETE /thing']) {
      using wire = await openWire(app.port);
      wire.send(`${request} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n{{{`);
      wire.send(`${request} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\r\n`);
      assert.equal((await wire.answer()).status, 200);
      assert.equal((await wire.answer()).status, 200);
    }
  });
});

describe('queries', () => {
  const name = async (app: TestApp, query: string) =>
    exchange(app.port, Buffer.from(`GET /named${query} HTTP/1.1\r\nHost: a\r\n\r\n`, 'latin1'));

  test('a parameter is decoded', async () => {
    await using app = await startApp();
    const read = {
      '?name=a': 'a',
      '?name=a+b%2Bc': 'a b+c',
      '?x=%ff&name=%F0%9F%98%80&y&=': '😀',
      '?n%61me=1': '1',
      '?name=a=b': 'a=b',
    };
    for (const [query, value] of Object.entries(read)) {
      assert.deepEqual(JSON.parse((await name(app, query)).body), { name: value }, query);
    }
  });

  test('bytes past ASCII that were not percent-encoded are refused, never read as other letters', async () => {
    await using app = await startApp();
    assert.equal((await name(app, `?name=${Buffer.from('Größe').toString('latin1')}`)).status, 400);
  });

  test('a parameter that is missing, empty, given twice or malformed is refused with its pointer', async () => {
    await using app = await startApp();
    const refused = [
      '',
      '?',
      '?name',
      '?name=',
      '?name=a&name=a',
      '?name=a&n%61me=b',
      '?name=%',
      '?name=%zz',
      '?name=%ff',
      '?name=%ed%a0%80',
      '?name=%00',
      '?Name=a',
      '?name[]=a',
    ];
    for (const query of refused) {
      const { status, body } = await name(app, query);
      assert.equal(status, 422, query);
      assert.deepEqual(pointers(JSON.parse(body)), ['?name'], query);
    }
  });
});

describe('routes', () => {
  test('a path at which there is nothing is 404 for every method, before its body is looked at', async () => {
    await using app = await startApp();
    await problem(await fetch(`${app.url}/nothing?password=x`), 'route_not_found');
    await problem(await post(app, '{', '/nothing'), 'route_not_found');
    await problem(await post(app, 'x', '/nothing', { 'content-type': 'text/plain' }), 'route_not_found');
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
    const { stack } = line?.fields['err'] as Error;
    assert.match(String(stack), /SELECT secret FROM vault\n(.*\n)*.*http-app\.ts/);
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
    assert.deepEqual({ ...(await counted), seconds: 0 }, { method: 'GET', route: '/named', status: 200, seconds: 0 });
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
