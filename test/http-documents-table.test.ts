import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertRefused, bodyOf } from './http-documents/calls.ts';
import {
  type DocumentsGround,
  documentsOf,
  everyStage,
  openDocuments,
  put,
  type Tenant,
} from './http-documents/ground.ts';
import { imported } from './http-transfer/calls.ts';

const docs = documentsOf();
const invalid = [422, 'invalid_value'] as const;
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

/** Members, and what is stored of them where that is another text. */
const kept: readonly (readonly [string, string?])[] = [
  ['"a":{"__proto__":{"admin":true}}'],
  ['"constructor":{"prototype":{"admin":true}}'],
  ['"prototype":1,"hasOwnProperty":2,"toString":3,"then":4'],
  ['"$gt":"","a":{"$gt":""}'],
  ['"$where":"sleep(1000)","a":[{"$where":"1"}]'],
  ['".":1,"a.b":2,"..":{".":{}}'],
  ['"":{"":{"":1}}'],
  ['"$ref":"users"'],
  ['"a":{"$id":{"$oid":"507f1f77bcf86cd799439011"}}'],
  ['"a":"507f1f77bcf86cd799439011","b":{"$oid":"507f1f77bcf86cd799439011"}'],
  ['"a":-0', '"a":0'],
  ['"a":[-0.0,-0e5,0.0]', '"a":[0,0,0]'],
  ['"a":9007199254740991,"b":-9007199254740991'],
  ['"a":1.7976931348623157e308,"b":5e-324', '"a":1.7976931348623157e+308,"b":5e-324'],
  ['"a":2147483648,"b":1.0,"c":1E2', '"a":2147483648,"b":1,"c":100'],
  ['"a":"\\ud83d\\ude00"', '"a":"😀"'],
  [`"a":${nested(15)}`],
];

/** Members that are refused, and what is told of them: a pointer behind the document's. */
const refused: readonly (readonly [string, string])[] = [
  ['"__proto__":{"admin":true}', '/__proto__'],
  ['"_id":"other"', '/_id'],
  ['"a":{"_bsontype":"ObjectId","id":"507f1f77bcf86cd799439011"}', '/a/_bsontype'],
  ['"$ref":"users","$id":1', '/$ref'],
  ['"a":[{"$id":"507f1f77bcf86cd799439011","$ref":"users"}]', '/a/0/$ref'],
  ['"a":9007199254740993', '/a'],
  ['"a":[-9007199254740993]', '/a/0'],
  ['"a":1e400', '/a'],
  ['"a":{"b":-1e400}', '/a/b'],
  ['"a":"\\ud800"', '/a'],
  ['"a":["\\udc00\\ud800"]', '/a/0'],
  ['"a":"\\u0000"', '/a'],
  [`"a":${nested(16)}`, `/a${'/0'.repeat(15)}`],
];

const goodIds = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '507f1f77bcf86cd799439011',
  'org_01jqv4zsx7e8p9rk3m2n5t6wbd',
  'doc_01jqv4zsx7e8p9rk3m2n5t6wbd',
  'null',
  'undefined',
  'NaN',
  '0',
  '-0',
  '9007199254740993',
  '...',
  '_id',
  'a',
  'A',
];

/** As they stand in JSON. */
const badIds = [
  '""',
  '"."',
  '".."',
  '"$gt"',
  '"a.$b"',
  '"a/b"',
  '"a b"',
  '"\\ud800"',
  '"\\u0000"',
  '"é"',
  'null',
  '1',
  '-0',
  'true',
  '{"$gt":""}',
  '{"$where":"1"}',
  '{"$oid":"507f1f77bcf86cd799439011"}',
  '["a"]',
];

/** A document that is about to be written, and where the body of its call has it. */
interface Way {
  readonly method: 'POST' | 'PUT' | 'PATCH';
  path(id: string): string;
  body(members: string, id: string): string;
  /** Where the body has the document. */
  readonly at: string;
}

/** Each way by which a document may be written, but an import, whose refusals are lines. */
const ways: readonly Way[] = [
  { method: 'POST', path: () => docs, body: (members) => `{${members}}`, at: '#' },
  { method: 'PUT', path: (id) => `${docs}/${id}`, body: (members) => `{${members}}`, at: '#' },
  { method: 'PATCH', path: () => `${docs}/patched`, body: (members) => `{${members}}`, at: '#' },
  ...['insert', 'replace'].map((op) => ({
    method: 'POST' as const,
    path: () => `${docs}/batch`,
    body: (members: string, id: string) =>
      `{"operations":[{"op":"${op}","id":"${op === 'insert' ? id : 'patched'}","document":{${members}}}]}`,
    at: '#/operations/0/document',
  })),
];

/** The documents of a collection as their texts, without what the service has set; in the order of the ids. */
async function textsOf(tenant: Tenant): Promise<string[]> {
  const { text } = await tenant.send('GET', `${docs}?limit=1000`);
  return text
    .slice('{"data":['.length, text.lastIndexOf('],"next_cursor"'))
    .split(/(?<=\}),(?=\{"_id")/)
    .map((each) => each.replace(/^\{"_id":"[^"]*","_version":\d+,"_created_at":"[^"]*","_updated_at":"[^"]*",?/, '{'));
}

async function writeKept(tenant: Tenant): Promise<void> {
  for (const [members, stored = members] of kept) {
    for (const [number, way] of ways.entries()) {
      await put(tenant, 'patched', {});
      const answer = await tenant.send(way.method, way.path(`new-${number}`), {
        body: way.body(members, `new-${number}`),
      });
      assert.ok(answer.status < 300, `${way.method} ${members}: ${answer.text}`);
      const texts = await textsOf(tenant);
      assert.ok(texts.includes(`{${stored}}`), `${way.method} ${members}: ${texts.join('\n')}`);
      bodyOf(await tenant.send('DELETE', docs));
    }
    const line = `{"collection":"default","document":{"_id":"line",${members}}}\n`;
    assert.equal((await imported(tenant, line)).stored, 1, members);
    assert.deepEqual(await textsOf(tenant), [`{${stored}}`]);
    bodyOf(await tenant.send('DELETE', docs));
  }
}

async function writeRefused(tenant: Tenant): Promise<void> {
  await put(tenant, 'patched', { a: 1 });
  for (const [members, pointer] of refused) {
    for (const way of ways) {
      const answer = await tenant.send(way.method, way.path('new'), { body: way.body(members, 'new') });
      assertRefused(answer, invalid, `${way.at}${pointer}`);
    }
    const [, name = ''] = /^"(\w+)"/.exec(members) ?? [];
    // There `_id` is the document's own, which stands twice.
    const line = `{"collection":"default","document":{"_id":"new",${members}}}\n`;
    const { failed, errors } = await imported(tenant, line);
    assert.equal(failed, 1, members);
    if (name !== '_id') assert.ok(errors[0]?.detail.startsWith(`#/document${pointer} `), errors[0]?.detail);
  }
  assert.deepEqual(await textsOf(tenant), ['{"a":1}']);
}

async function useIds({ edge }: DocumentsGround, tenant: Tenant): Promise<void> {
  const own = `/v1/organizations/${tenant.id}`;
  for (const id of goodIds) bodyOf(await tenant.send('PUT', `${docs}/${id}`, { body: { of: id } }), 201);
  for (const id of goodIds) {
    const read = await tenant.send('GET', `${docs}/${id}`);
    assert.deepEqual([bodyOf(read)['_id'], read.body['of']], [id, id]);
    const location = `${own}${docs}/${id}`;
    assert.equal((await edge.server.inject({ url: location })).statusCode, 401, location);
  }
  const listed = bodyOf(await tenant.send('GET', docs))['data'] as readonly { readonly _id: string }[];
  assert.deepEqual(
    listed.map(({ _id }) => _id),
    goodIds.toSorted(),
  );
  for (const id of badIds) {
    for (const op of ['insert', 'replace', 'delete']) {
      const document = op === 'delete' ? '' : ',"document":{}';
      const body = `{"operations":[{"op":"${op}","id":${id}${document}}]}`;
      const answer = await tenant.send('POST', `${docs}/batch`, { body });
      // What only selects is not found, as in a path; half a text is none.
      const isText = /^"(?!\\u)/.test(id);
      if (op === 'insert' || !isText) assertRefused(answer, invalid, '#/operations/0/id');
      else assertRefused(answer, [404, 'document_not_found'], '#/operations/0');
    }
    const body = `{"collection":"default","document":{"_id":${id}}}\n`;
    const { failed } = await imported(tenant, body);
    assert.equal(failed, 1, `a line with the id ${id}`);
  }
  // No client can make one by POST: `id` there is a member like others.
  const made = bodyOf(await tenant.send('POST', docs, { body: { id: 'a', n: 1 } }), 201);
  assert.match(String(made['_id']), /^doc_/);
  assert.equal(bodyOf(await tenant.send('GET', `${docs}/a`))['of'], 'a');
  const count = bodyOf(await tenant.send('GET', '/collections/default/count'))['documents'];
  assert.equal(count, goodIds.length + 1);
}

for (const stage of everyStage) {
  describe(`one table of documents on ${stage.name}`, { timeout: 120_000 }, () => {
    test('what is kept comes back as the same text, by whichever call it was written', async () => {
      await using ground = await openDocuments(stage);
      await writeKept(await ground.tenant('Acme'));
      assert.equal(Object.hasOwn(Object.prototype, 'admin'), false);
    });

    test('what is refused is told by its pointer in every call, and stores nothing', async () => {
      await using ground = await openDocuments(stage);
      await writeRefused(await ground.tenant('Acme'));
      assert.equal(Object.hasOwn(Object.prototype, 'admin'), false);
    });

    test('ids of clients that mean something elsewhere are ids, and what breaks their rule is refused', async () => {
      await using ground = await openDocuments(stage);
      await useIds(ground, await ground.tenant('Acme'));
    });
  });
}
