import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertRefused, bodyOf, send } from './http-documents/calls.ts';
import { documentsOf, everyDocument, openDocuments, put, stages, type Tenant } from './http-documents/ground.ts';
import { exportOf, imported, importInto, lineOf, ndjson } from './http-transfer/calls.ts';

const now = '2026-11-24T09:30:00.000Z';

/** A line with a text in the place of the document's own members. */
const written = (members: string) => `{"collection":"default","document":{"_id":"bad",${members}}}\n`;

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

/** Lines that are not stored, each with what is told of it. */
const badLines: readonly (readonly [string, RegExp])[] = [
  ['nonsense\n', /^The line is not JSON$/],
  ['{"collection":"default","document":{"_id":"bad"}\n', /^The line is not JSON$/],
  ['[]\n', /^must be an object$/],
  ['null\n', /^must be an object$/],
  ['{"collection":"default"}\n', /^#\/document must be an object$/],
  ['{"collection":"default","document":[]}\n', /^#\/document must be an object$/],
  ['{"document":{"_id":"bad"}}\n', /^#\/collection must be a string$/],
  ['{"manifest":{},"document":{"_id":"bad"}}\n', /^#\/collection must be a string$/],
  ['{"collection":"default","document":{"_id":"bad"},"more":1}\n', /^must have no members but/],
  [lineOf({ _id: 'bad' }, 'Upper'), /^#\/collection must be 1 to 63 of/],
  [lineOf({ _id: 'bad' }, '__proto__'), /^#\/collection must be 1 to 63 of/],
  [lineOf({ n: 1 }), /^#\/document\/_id must be a string$/],
  [lineOf({ _id: 7 }), /^#\/document\/_id must be a string$/],
  [lineOf({ _id: '' }), /^#\/document\/_id must be 1 to 128 of/],
  [lineOf({ _id: 'a/b' }), /^#\/document\/_id must be 1 to 128 of/],
  [lineOf({ _id: '..' }), /^#\/document\/_id must be 1 to 128 of/],
  [lineOf({ _id: 'x'.repeat(129) }), /^#\/document\/_id must be 1 to 128 of/],
  [lineOf({ _id: 'bad', _version: -1 }), /^#\/document\/_version must be a whole number/],
  [lineOf({ _id: 'bad', _version: 1.5 }), /^#\/document\/_version must be a whole number/],
  [lineOf({ _id: 'bad', _version: '1' }), /^#\/document\/_version must be a whole number/],
  [lineOf({ _id: 'bad', _version: 2 ** 52 + 1 }), /^#\/document\/_version must be a whole number/],
  [lineOf({ _id: 'bad', _created_at: '2026-11-24' }), /^#\/document\/_created_at must be a time/],
  [lineOf({ _id: 'bad', _created_at: null }), /^#\/document\/_created_at must be a time/],
  [lineOf({ _id: 'bad', _updated_at: '2026-02-30T00:00:00.000Z' }), /^#\/document\/_updated_at must be a time/],
  [lineOf({ _id: 'bad', _other: 1 }), /^#\/document\/_other must not begin with _/],
  [written('"a":{"_bsontype":"ObjectId"}'), /^#\/document\/a\/_bsontype must not be the name/],
  [written('"a":1,"a":2'), /^The line has a member twice/],
  [written('"_id":"worse"'), /^The line has a member twice/],
  [written('"a":"\\u0000"'), /^#\/document\/a must not contain NUL/],
  [written('"a":["\\ud800"]'), /^#\/document\/a\/0 must not contain half of a surrogate pair/],
  [written('"a":9007199254740993'), /^#\/document\/a is a number that would be rounded/],
  [written('"a":1e999'), /^#\/document\/a is a number that would be rounded/],
  [written(`"a":${nested(20)}`), /^#\/document\/a.* is nested too deeply/],
  [written(`"a":${nested(40)}`), /^The line is nested too deeply$/],
  [written(`"a":"${'x'.repeat(2_000)}"`), /^#\/document has 2\d\d\d bytes; it may have 1024$/],
  [`${' '.repeat(70_000)}{}\n`, /^The line has 70002 bytes; it may have 66560$/],
];

/** Imports bytes. */
function importBytes(
  { edge }: Parameters<typeof exportOf>[0],
  { id, token }: Tenant,
  payload: Buffer,
  contentType = ndjson,
) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': contentType };
  return edge.server.inject({ method: 'POST', url: `/v1/organizations/${id}/import`, headers, payload });
}

for (const stage of stages) {
  describe(`lines of an import on ${stage.name}`, { timeout: 60_000 }, () => {
    test('bad ones are told by number with what is wrong, and the others are stored', async () => {
      await using ground = await openDocuments(stage, {
        settings: { DOCUMENT_BYTES: '1024' },
        limits: { bytes: 1_024 },
      });
      const acme = await ground.tenant('Acme');
      const part = badLines.map(([bad], number) => lineOf({ _id: `good-${number}` }) + bad).join('');
      const { errors, ...counts } = await imported(acme, part, '?first_line=1001');
      const some = badLines.length;
      assert.deepEqual(counts, { lines: 2 * some, stored: some, unchanged: 0, failed: some });
      for (const [number, [bad, expected]] of badLines.entries()) {
        assert.equal(errors[number]?.line, 1002 + 2 * number, bad.slice(0, 200));
        assert.match(errors[number]?.detail ?? '', expected, bad.slice(0, 200));
      }
      assert.equal((await exportOf(ground, acme)).lines.length, some);
      assert.equal((bodyOf(await acme.send('GET', '/collections'))['data'] as unknown[]).length, 1);
    });

    test('empty lines and manifests are skipped, and how lines end does not matter', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const lines = [
        `\ufeff${lineOf({ _id: 'a' }).trim()}\r\n`,
        '\n',
        ' \t\r\n',
        '{"manifest":{"collections":{},"documents":0,"bytes":0,"sha256":""}}\n',
        ` { "document" : { "n" : 1.0, "_id" : "b" }, "collection" : "default" } \n`,
        lineOf({ _id: 'c' }).trim(),
      ];
      const answer = await imported(acme, lines.join(''));
      assert.deepEqual(answer, { lines: 6, stored: 3, unchanged: 0, failed: 0, errors: [] });
      assert.deepEqual(
        (await everyDocument(acme)).map(({ _id, n }) => [_id, n]),
        [
          ['a', undefined],
          ['b', 1],
          ['c', undefined],
        ],
      );
      assert.deepEqual(await imported(acme, ''), { lines: 0, stored: 0, unchanged: 0, failed: 0, errors: [] });
    });

    test('lines in another charset fail by themselves', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const latin = Buffer.from(lineOf({ _id: 'latin', text: 'ü' }), 'latin1');
      const answer = await importBytes(ground, acme, Buffer.concat([latin, Buffer.from(lineOf({ _id: 'a' }))]));
      assert.deepEqual(answer.json(), {
        lines: 2,
        stored: 1,
        unchanged: 0,
        failed: 1,
        errors: [{ line: 1, detail: 'The line is not UTF-8' }],
      });
    });

    test('of many bad lines the first hundred are told, in their order', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const part = 'x\n'.repeat(25_000) + lineOf({ _id: 'a' });
      const { errors, ...counts } = await imported(acme, part);
      assert.deepEqual(counts, { lines: 25_001, stored: 1, unchanged: 0, failed: 25_000 });
      assert.deepEqual(
        errors.map(({ line }) => line),
        Array.from({ length: 100 }, (_, number) => number + 1),
      );
    });

    test('what another program wrote comes in as a document of the service', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      assert.equal((await imported(acme, lineOf({ _id: 'a', _version: 0, n: 1 }))).stored, 1);
      const { _version, _created_at } = bodyOf(await acme.send('GET', documentsOf('default', 'a')));
      assert.equal(_version, 1);
      assert.equal(_created_at, new Date(ground.edge.opened.clock.now()).toISOString());
    });

    test('a collection that is missing is created with its first document', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const part = Array.from({ length: 50 }, (_, n) => lineOf({ _id: `d${n}` }, `c${n % 5}`)).join('');
      assert.equal((await imported(acme, part)).stored, 50);
      const { collections } = (await exportOf(ground, acme)).manifest;
      assert.deepEqual(Object.keys(collections), ['c0', 'c1', 'c2', 'c3', 'c4', 'default']);
      assert.deepEqual(collections['c3'], { documents: 10, bytes: 20 });
    });
  });
}

const [stage] = stages;

describe('the form of an import', () => {
  test('a body that is not lines of JSON in UTF-8 is 415, and no other route takes lines', async () => {
    assert.ok(stage);
    await using ground = await openDocuments(stage);
    const acme = await ground.tenant('Acme');
    const line = Buffer.from(lineOf({ _id: 'a' }));
    for (const type of [
      'application/json',
      'text/plain',
      `${ndjson}; charset=latin1`,
      'application/merge-patch+json',
    ]) {
      const answer = await importBytes(ground, acme, line, type);
      assert.deepEqual([answer.statusCode, answer.json()['code']], [415, 'content_type_unsupported'], type);
    }
    assert.equal((await importBytes(ground, acme, line, `${ndjson}; charset=UTF-8`)).statusCode, 200);
    const headers = { 'content-type': ndjson };
    const zipped = await acme.send('POST', '/import', {
      body: 'x',
      headers: { ...headers, 'content-encoding': 'gzip' },
    });
    assertRefused(zipped, [415, 'content_type_unsupported']);
    const path = documentsOf('default', 'x');
    assertRefused(await acme.send('PUT', path, { body: '{}', headers }), [415, 'content_type_unsupported']);
    const created = await send(ground.edge, ['POST', '/org/create'], { body: '{}', headers });
    assertRefused(created, [415, 'content_type_unsupported']);
  });

  test('a part that is larger than a batch may be is 413', async () => {
    assert.ok(stage);
    await using ground = await openDocuments(stage, { settings: { BATCH_BYTES: '2048' } });
    const acme = await ground.tenant('Acme');
    const part = lineOf({ _id: 'a', text: 'x'.repeat(900) }) + lineOf({ _id: 'b', text: 'x'.repeat(900) });
    assert.equal((await imported(acme, part)).stored, 2);
    assertRefused(await importInto(acme, part.repeat(2)), [413, 'body_too_large']);
  });

  test('the number of the first line is a whole number from 1', async () => {
    assert.ok(stage);
    await using ground = await openDocuments(stage);
    const acme = await ground.tenant('Acme');
    for (const wrong of ['0', '-1', '1.5', 'x', '1e3', '1000000000000000']) {
      const answer = await importInto(acme, lineOf({ _id: 'a' }), `?first_line=${wrong}`);
      assertRefused(answer, [422, 'invalid_value'], '?first_line');
    }
    assert.equal((await exportOf(ground, acme)).lines.length, 0);
    const { errors } = await imported(acme, 'x', '?first_line=999999999999999');
    assert.equal(errors[0]?.line, 999_999_999_999_999);
  });

  test('the documents of an export of the operator are those of the admin', async () => {
    assert.ok(stage);
    await using ground = await openDocuments(stage);
    const acme = await ground.tenant('Acme');
    await put(acme, 'a', { now });
    const head = await acme.send('HEAD', '/export');
    assert.deepEqual([head.status, head.text, head.headers['content-type']], [200, '', ndjson]);
    const { text } = await exportOf(ground, acme);
    assert.equal((await exportOf(ground, { id: acme.id, token: 'o'.repeat(32) })).text, text);
  });
});
