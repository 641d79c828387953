import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertRefused, bodyOf } from './http-documents/calls.ts';
import { documentsOf, everyStage, openDocuments, put, stages } from './http-documents/ground.ts';

const docs = documentsOf();
const invalid = [422, 'invalid_value'] as const;

/** Objects that a database might take for something else than data. */
const operators: readonly string[] = [
  '{"$gt":""}',
  '{"$where":"sleep(1000)"}',
  '{"$ne":null}',
  '{"$ref":"users"}',
  '{"$id":1}',
  '{"$ref":1,"$id":2}',
  '{"$ref":"users","$id":null}',
  '{"$date":"2026-01-01T00:00:00Z"}',
  '{"$date":{"$numberLong":"1"}}',
  '{"$oid":"507f1f77bcf86cd799439011"}',
  '{"$numberDecimal":"1"}',
  '{"$numberLong":"9007199254740993"}',
  '{"$binary":{"base64":"AA==","subType":"00"}}',
  '{"$timestamp":{"t":1,"i":1}}',
  '{"$regularExpression":{"pattern":".*","options":""}}',
  '{"$set":{"a":1}}',
  '{"$minKey":1}',
  '{"$undefined":true}',
  '{"toBSON":1,"toJSON":2,"then":3}',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
];

/** Names of members that mean something elsewhere. */
const names = [
  '$gt',
  '$where',
  'a.b',
  '.',
  '$',
  '',
  ' ',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'id',
  '😀',
  'x'.repeat(2_000),
];

const numbers = [
  '0',
  '-1.5',
  '9007199254740991',
  '-9007199254740991',
  '6.02e23',
  '1e21',
  '1.7976931348623157e308',
  '5e-324',
  '0.1',
  '2147483648',
];

const texts = [
  '',
  'ä',
  '😀',
  '\u2028',
  '\u007f\u0001',
  '\ufeff',
  'a\u0301',
  '"\\/',
  '٣',
  '\uffff',
  '$gt',
  '9007199254740993',
];

for (const stage of everyStage) {
  describe(`values on ${stage.name}`, { timeout: 60_000 }, () => {
    test('what looks like an operator or a type is data, at the top and below', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const nested = operators.map((operator) => `{"a":[${operator},{"b":${operator}}]}`);
      // A name that begins with _ may not stand at the top.
      const all = [...operators.filter((operator) => !operator.startsWith('{"_')), ...nested];
      const ids = all.map((_, place) => `v${String(place).padStart(2, '0')}`);
      const steps = all.map((given, place) => `{"op":"insert","id":"${ids[place]}","document":${given}}`);
      bodyOf(await acme.send('POST', `${docs}/batch`, { body: `{"operations":[${steps.join()}]}` }));
      const { text } = await acme.send('GET', docs);
      const shown = text.slice('{"data":['.length).split(/(?<=\}),(?=\{"_id")/);
      assert.equal(shown.length, all.length);
      for (const [place, given] of all.entries()) {
        assert.ok(
          shown[place]?.includes(`"_id":"${ids[place]}"`) && shown[place].includes(`,${given.slice(1)}`),
          given,
        );
      }
      const answer = await put(acme, 'v00', nested[0]);
      assert.ok(answer.text.endsWith(`,${nested[0]?.slice(1)}`), answer.text);
      assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
    });

    test('names, numbers and texts come back equal', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const members = [
        ...names.map((name) => `${JSON.stringify(name)}:${JSON.stringify({ [name]: name })}`),
        `"numbers":[${numbers.join()}]`,
        `"texts":${JSON.stringify(texts)}`,
        '"nested":{"__proto__":{"__proto__":1},"_id":2,"_version":3,"_":4}',
        '"empty":[{},[],null,[[]]]',
        '"2":1,"1":2',
      ];
      const given = `{${members.join()}}`;
      const { text } = await put(acme, 'a', given);
      // Integer-like names come first, which is the order of every JavaScript object.
      const expected = JSON.stringify(JSON.parse(given));
      assert.ok(text.endsWith(`,${expected.slice(1)}`), text);
      assert.equal((await acme.send('GET', `${docs}/a`)).text, text);
      const patched = await acme.send('PATCH', `${docs}/a`, { body: '{"nested":{"__proto__":{"x":1},"_":null}}' });
      assert.match(patched.text, /"nested":\{"__proto__":\{"__proto__":1,"x":1\},"_id":2,"_version":3\}/);
      assert.equal((await acme.send('GET', `${docs}/a`)).text, patched.text);
    });
  });
}

for (const stage of stages) {
  describe(`what a document may not have on ${stage.name}`, { timeout: 60_000 }, () => {
    test('a name that begins with _ at the top is told by its pointer, in every call', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const stored = await put(acme, 'a', { n: 1 });
      const rows = [
        ['_id', '#/_id'],
        ['_version', '#/_version'],
        ['_', '#/_'],
        ['__proto__', '#/__proto__'],
        ['_a/b~c', '#/_a~1b~0c'],
        ['_ä #', '#/_%C3%A4%20%23'],
      ] as const;
      for (const [name, pointer] of rows) {
        for (const value of ['1', 'null', '{}']) {
          const body = `{"fine":1,${JSON.stringify(name)}:${value}}`;
          assertRefused(await acme.send('POST', docs, { body }), invalid, pointer);
          assertRefused(await acme.send('PUT', `${docs}/a`, { body }), invalid, pointer);
          assertRefused(await acme.send('PATCH', `${docs}/a`, { body }), invalid, pointer);
        }
      }
      const many = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`_${n}`, n]));
      const answer = await acme.send('PUT', `${docs}/a`, { body: many });
      assertRefused(answer, invalid, ...Array.from({ length: 8 }, (_, n) => `#/_${n}`));
      assert.equal((await acme.send('GET', docs)).text.includes(stored.text), true);
    });

    test('what the driver of a database would take for a type is told by its pointer', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await put(acme, 'a', { c: { $id: 1 } });
      const rows = [
        ['{"a":{"_bsontype":"ObjectId"}}', '#/a/_bsontype'],
        ['{"a":[0,{"_bsontype":null}]}', '#/a/1/_bsontype'],
        ['{"$ref":"users","$id":1}', '#/$ref'],
        ['{"a":[{"$id":{},"$ref":""}]}', '#/a/0/$ref'],
      ] as const;
      for (const [body, pointer] of rows) {
        assertRefused(await acme.send('POST', docs, { body }), invalid, pointer);
        assertRefused(await acme.send('PUT', `${docs}/a`, { body }), invalid, pointer);
        assertRefused(await acme.send('PATCH', `${docs}/a`, { body }), invalid, pointer);
      }
      assertRefused(await acme.send('PUT', `${docs}/a`, { body: '{"_bsontype":1}' }), invalid);
      // Each is fine by itself.
      assertRefused(await acme.send('PATCH', `${docs}/a`, { body: { c: { $ref: 'users' } } }), invalid, '#/c/$ref');
    });

    test('a number that would come back as another one is told by its pointer', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await put(acme, 'a', {});
      for (const number of [
        '9007199254740993',
        '9007199254740992',
        '-9007199254740993',
        '1e400',
        '-1e400',
        '1e20',
        '123456789012345678901234567890',
        '9007199254740993.0',
      ]) {
        const body = `{"fine":1.5,"a":[{"n":${number}}]}`;
        for (const [method, path] of [
          ['POST', docs],
          ['PUT', `${docs}/a`],
          ['PATCH', `${docs}/a`],
        ] as const) {
          assertRefused(await acme.send(method, path, { body }), invalid, '#/a/0/n');
        }
        const operations = `{"operations":[{"op":"replace","id":"a","document":{"n":${number}}}]}`;
        const batch = await acme.send('POST', `${docs}/batch`, { body: operations });
        assertRefused(batch, invalid, '#/operations/0/document/n');
      }
      const fine = await put(acme, 'a', '{"zero":-0,"n":[6.02e23,1e21,1E+2,-1e-7,1.0]}');
      assert.match(fine.text, /"zero":0,"n":\[6\.02e\+23,1e\+21,100,-1e-7,1\]/);
      assert.equal((await acme.send('GET', `${docs}/a`)).text, fine.text);
    });

    test('a body that is no object, or cannot be read, is refused', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await put(acme, 'a', {});
      const rows = [
        ['[]', ...invalid],
        ['null', ...invalid],
        ['"a"', ...invalid],
        ['1', ...invalid],
        ['', 400, 'body_unreadable'],
        ['{', 400, 'body_unreadable'],
        ['{"a":1,"a":2}', 400, 'body_unreadable'],
        ['{"a":NaN}', 400, 'body_unreadable'],
        ['\ufeff{}', 400, 'body_unreadable'],
        ['{"a":"\\u0000"}', ...invalid],
        ['{"a":"\\ud800"}', ...invalid],
        ['{"\\udc00":1}', ...invalid],
      ] as const;
      for (const [body, status, code] of rows) {
        for (const [method, path] of [
          ['POST', docs],
          ['PUT', `${docs}/a`],
          ['PATCH', `${docs}/a`],
        ] as const) {
          assertRefused(await acme.send(method, path, { body }), [status, code]);
        }
      }
    });
  });
}
