import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { StoredDocument, TenantPlace } from '../../src/store/documents.ts';
import type { Stage, Tenants } from './documents-tenants.ts';
import {
  documentOf,
  insertAll,
  insertion,
  nextOf,
  readAll,
  removal,
  replacement,
  usageOf,
  writeDone,
} from './documents-writes.ts';
import { shareOf } from './engine.ts';
import { runsFromEnvironment } from './runs.ts';

/** That a document is given back as it was written, byte for byte, and that no id or name is read as anything but itself. */
export function documentsTexts(stage: Stage): void {
  describe('texts', () => {
    membersComeBack(stage);
    idsAreIds(stage);
  });
}

/** An object within so many others. */
function nested(depth: number): object {
  return depth === 1 ? { deepest: [] } : { in: nested(depth - 1) };
}

/** Texts that a query, a pattern or a driver could mistake for its own. */
const hostile = ["'; DROP TABLE org_acme; --", '{"$gt":""}', '$where', '$a.b', '%', '\\', '\\u0000', 'null', '1e3', ''];

/** Members as JSON has them. A text alone tells a number's form; it goes in as `JSON.stringify` writes it. */
const texts: readonly string[] = [
  '{}',
  '{"":"","a.b":{"c.d":1},"$set":{"$gt":""},"$where":"1"}',
  '{"filter":{"$ne":null},"$oid":"000000000000000000000000","at":{"$date":"2026-01-01T00:00:00Z"}}',
  '{"n":{"$numberLong":"1"},"code":{"$code":"1"},"ref":{"$ref":"x","$id":"y","$db":"z"},"r":{"$regex":"a"}}',
  '{"id":"other","version":7,"members":"{}","created_at":null,"in":{"_id":"inner","_version":3}}',
  '{"in":{"__proto__":{"constructor":{"prototype":{}}}},"constructor":1,"prototype":null,"toString":"x"}',
  '{"toString":[{}],"valueOf":[{"a":1}],"constructor":[[{}]],"hasOwnProperty":[{}],"__proto__":[{"a":[]}]}',
  '{"z":1,"a":2,"Z":3,"é":4,"ключ":5,"値":6,"😀":7}',
  '{"1":"first","2":"second","b":0,"a":0}',
  '{"null":null,"true":true,"false":false,"list":[null,[],{},[[]]]}',
  JSON.stringify({ numbers: [0, 1, -1, 0.1, 1.5, 2 ** 31, -(2 ** 31) - 1, 2 ** 32, 2 ** 53 - 1, -(2 ** 53) + 1] }),
  JSON.stringify({ numbers: [6.02e23, 1e21, 1e-7, 5e-324, Number.MAX_VALUE, 123456.789, -0.5, 1e15 + 0.5] }),
  JSON.stringify({ text: 'quote " slash / back \\ tab \t line \n return \r bell \u0007 delete \u007f' }),
  JSON.stringify({ text: 'é e\u0301 ß \u2028 \u2029 \ufeff \u202e \ufffd \uffff \u{10000} \u{10ffff} 👩‍👩‍👧' }),
  JSON.stringify({ dates: ['2026-01-01', '2026-01-01T00:00:00.000Z'], id: '507f1f77bcf86cd799439011' }),
  JSON.stringify(Object.fromEntries(hostile.map((text) => [text, hostile]))),
  JSON.stringify(nested(16)),
  JSON.stringify({ many: Object.fromEntries(Array.from({ length: 500 }, (_, number) => [`m${number}`, number])) }),
];

/** Inserts it, puts it in the place of another, and demands its bytes back each time. */
async function assertComesBack(tenants: Tenants, place: TenantPlace, members: string): Promise<void> {
  const { documents } = tenants;
  const inserted: StoredDocument = { ...documentOf('a'), members };
  await writeDone(documents, place, [insertion(inserted)]);
  assert.deepEqual(await documents.getMany(place, 'default', ['a']), [inserted]);
  const between = nextOf(inserted, { other: true });
  const replaced: StoredDocument = { ...nextOf(between), members };
  await writeDone(documents, place, [replacement(inserted, between)]);
  await writeDone(documents, place, [replacement(between, replaced)]);
  assert.deepEqual(await readAll(documents, place), [replaced]);
  assert.deepEqual(await documents.usage(place), usageOf([replaced]));
  await writeDone(documents, place, [removal(replaced)]);
}

function membersComeBack(stage: Stage): void {
  test('members are given back byte for byte, whatever they say, and count by their UTF-8 length', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    for (const members of texts) assert.equal(JSON.stringify(JSON.parse(members)), members);
    for (const members of texts) await assertComesBack(tenants, acme, members);
  });

  test('any members are given back byte for byte', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const value = fc.dictionary(memberName, fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }), { maxKeys: 6 });
    const members = value.map(withoutNul).map((object) => JSON.stringify(JSON.parse(JSON.stringify(object))));
    await fc.assert(
      fc.asyncProperty(members, (text) => assertComesBack(tenants, acme, text)),
      { ...runsFromEnvironment(shareOf(stage.engine, 30)), endOnFailure: true },
    );
  });

  test('documents of a mebibyte are given back whole, alone and in one write', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const long = 'äß😀 "\\ '.repeat(2 ** 16).slice(0, 400_000);
    const large = ['a', 'b', 'c'].map((id) => documentOf(id, { id, long, half: 'x'.repeat(300_000) }));
    for (const { members } of large) assert.ok(Buffer.byteLength(members) > 1_000_000);
    await insertAll(tenants.documents, acme, large);
    assert.deepEqual(await readAll(tenants.documents, acme), large);
    assert.deepEqual(await tenants.documents.usage(acme), usageOf(large));
  });
}

/** The name of a member of a document; those that begin with `_` are the service's. */
const memberName = fc.string({ unit: 'binary', maxLength: 8 }).filter((name) => !/^\0*_/.test(name));

/** The value without NUL, which the service takes nowhere. */
function withoutNul(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\u0000', '');
  if (Array.isArray(value)) return value.map(withoutNul);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name.replaceAll('\u0000', ''), withoutNul(member)]),
  );
}

function idsAreIds(stage: Stage): void {
  test('an id may have all its letters in any place, and 128 of them', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const acme = await tenants.make();
    const letters = [...'ABCXYZabcxyz0189._~-'];
    const ids = [
      ...letters.filter((letter) => letter !== '.'),
      ...letters.map((letter) => `${letter}${letter}${letter}`),
      ...['...', '.a', 'a.', '-', '--', '_id', '__proto__', 'constructor', 'null', '0', '00'],
      ...['507f1f77bcf86cd799439011', '018f3c5e-0000-7000-8000-000000000000', '1e3', '-1', 'a.b', 'A.b', 'a.B'],
      ...['a'.repeat(128), `${'a'.repeat(127)}b`, `${'a'.repeat(127)}~`, '~'.repeat(128)],
    ];
    const unique = [...new Set(ids)];
    const stored = unique.map((id) => documentOf(id, { id }));
    await insertAll(documents, acme, stored);
    assert.deepEqual(await documents.getMany(acme, 'default', unique), stored);
    const inOrder = stored.toSorted((one, other) => (one.id < other.id ? -1 : 1));
    assert.deepEqual(await readAll(documents, acme), inOrder);
    for (const id of unique) assert.deepEqual(await documents.getMany(acme, 'default', [id]), [documentOf(id, { id })]);
    await writeDone(documents, acme, stored.map(removal));
    assert.deepEqual(await readAll(documents, acme), []);
  });
}
