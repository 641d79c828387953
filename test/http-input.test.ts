import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildFramework } from '../src/http/framework.ts';
import { startApp, type TestApp } from './http-app.ts';
import { json, pointers, post, problem } from './http-problem.ts';
import { exchange, openWire } from './http-wire.ts';

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
      await problem(await post(app, body, { path: '/reference' }), 'body_unreadable', 422);
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

  test('a member with a long name makes no long answer', async () => {
    await using app = await startApp();
    const answer = await fetch(`${app.url}/echo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"${'#'.repeat(100_000)}\\u0000":1}`,
    });
    assert.equal(answer.status, 422);
    assert.ok((await answer.text()).length < 2_000);
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
      await problem(await post(app, '{"text":"a"}', { headers: { 'content-type': type } }), 'content_type_unsupported');
    }
    await problem(
      await post(app, 'x', { headers: { ...json, 'content-encoding': 'gzip' } }),
      'content_type_unsupported',
    );
    const bare = await exchange(app.port, 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}');
    assert.equal(bare.status, 415);
    for (const type of ['application/json; charset=utf-8', 'application/json;charset="UTF-8"', 'APPLICATION/JSON']) {
      assert.equal((await post(app, '{"text":"a"}', { headers: { 'content-type': type } })).status, 200, type);
    }
    assert.equal(app.echoes(), 3);
  });

  test('a body over the limit is 413, and its sender gets the answer though it goes on sending', async () => {
    await using app = await startApp();
    const body = JSON.stringify({ text: 'x'.repeat(8_000_000) });
    for (const path of ['/echo', '/reference']) await problem(await post(app, body, { path }), 'body_too_large');
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

test('a route that takes a body and has no schema for it is refused at the start', async () => {
  await using app = await startApp();
  const other = buildFramework(app.parts);
  for (const method of ['POST', 'PUT', 'PATCH'] as const) {
    const route = { method, url: '/open', handler: async () => ({}) };
    assert.throws(() => other.route(route), { message: `${method} /open takes a body and has no schema for it` });
    assert.throws(() => other.route({ ...route, method: ['GET', method] }), /\/open takes a body/);
  }
  other.get('/open', async () => ({}));
  await other.close();
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
