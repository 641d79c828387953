import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Decimal128, Long, ObjectId } from 'mongodb';
import { makeTenant } from '../../../test/contract/documents-tenants.ts';
import {
  documentOf,
  done,
  idsOf,
  insertAll,
  insertion,
  listPage,
  nextOf,
  removal,
  replacement,
  usageOf,
  write,
  writeDone,
} from '../../../test/contract/documents-writes.ts';
import { missing } from '../../../test/mongodb/address.ts';
import { plainClient } from '../../../test/mongodb/scratch.ts';
import { openProxied, type ProxiedStore } from '../../../test/mongodb/store.ts';
import type { Documents, Level, StoredDocument, TenantPlace } from '../documents.ts';
import type { DocumentForm } from './document-form.ts';

const hexes = ['0aaaaaaaaaaaaaaaaaaaaaaa', '507f1f77bcf86cd799439011', 'ffffffffffffffffffffffff'] as const;

/** An organization, and its collection as another program sees it. */
async function openTenant({ store }: ProxiedStore, level: Level = 'collection') {
  const { documents } = store;
  const place = await makeTenant(documents, { level, collection_name: 'org_acme' });
  const foreign = plainClient().db(place.database).collection<DocumentForm>('org_acme');
  return { documents, place, foreign };
}

async function getOne(documents: Documents, place: TenantPlace, id: string): Promise<StoredDocument> {
  const [document] = await documents.getMany(place, 'default', [id]);
  assert.ok(document, `${id} is not there`);
  return document;
}

suite('documents of other programs', { skip: missing, timeout: 60_000, concurrency: 4 }, () => {
  for (const level of ['collection', 'database'] as const) {
    test(`are found and changed by the digits of an ObjectId, at the level ${level}`, async () => {
      await using ground = await openProxied([]);
      const { documents, place, foreign } = await openTenant(ground, level);
      const _id = new ObjectId(hexes[1]);
      await foreign.insertOne({ _id, name: 'Ann' });
      const found = await getOne(documents, place, hexes[1]);
      const without = { version: 0, created_at: undefined, updated_at: undefined };
      assert.deepEqual(found, { id: hexes[1], ...without, members: '{"name":"Ann"}' });
      const changed = { ...nextOf(found, { name: 'Eve' }), created_at: '2026-01-02T03:04:05.678Z' };
      await writeDone(documents, place, [replacement(found, changed)]);
      assert.deepEqual(await getOne(documents, place, hexes[1]), changed);
      assert.deepEqual(await foreign.findOne({}, { projection: { _id: 1, name: 1 } }), { _id, name: 'Eve' });
      await writeDone(documents, place, [removal(changed)]);
      assert.equal(await foreign.countDocuments(), 0);
      await documents.dropCollection(place);
    });
  }

  test('come after those with string ids, in both directions and over all pages', async () => {
    await using ground = await openProxied([]);
    const { documents, place, foreign } = await openTenant(ground);
    await foreign.insertMany(hexes.toReversed().map((hex) => ({ _id: new ObjectId(hex) })));
    await insertAll(
      documents,
      place,
      ['zz', 'a', 'Z', '~'].map((id) => documentOf(id)),
    );
    const ordered = ['Z', 'a', 'zz', '~', ...hexes];
    for (const [direction, expected] of [
      ['ascending', ordered],
      ['descending', ordered.toReversed()],
    ] as const) {
      for (const limit of [1, 2, 3, 4, 6, 7, 8]) {
        const ids: string[] = [];
        let after: string | undefined;
        do {
          const page = await listPage(documents, place, { direction, limit, after });
          assert.ok(page.documents.length === limit || page.next === undefined);
          ids.push(...idsOf(page.documents));
          after = page.next;
        } while (after !== undefined);
        assert.deepEqual(ids, expected, `${direction} by ${limit}`);
      }
    }
  });

  test('are removed after those with string ids', async () => {
    await using ground = await openProxied([]);
    const { documents, place, foreign } = await openTenant(ground);
    await foreign.insertMany(hexes.map((hex) => ({ _id: new ObjectId(hex), _version: 'x' })));
    await insertAll(documents, place, [documentOf('b'), documentOf('a')]);
    const left: (readonly string[])[] = [['b', ...hexes], hexes.slice(1), []];
    for (const [turn, most] of [1, 2, 1_000].entries()) {
      const removed = await documents.removeSome(place, 'default', most, performance.now() + 10_000);
      assert.equal(removed, most === 1_000 ? 2 : most);
      assert.deepEqual(idsOf((await listPage(documents, place)).documents), left[turn]);
    }
  });

  test('are removed too where their digits are the id of another', async () => {
    await using ground = await openProxied([]);
    const { documents, place, foreign } = await openTenant(ground);
    await foreign.insertMany(hexes.flatMap((hex) => [{ _id: hex }, { _id: new ObjectId(hex) }]));
    assert.equal(await documents.removeSome(place, 'default', 1_000, performance.now() + 10_000), 6);
    assert.equal(await foreign.countDocuments(), 0);
  });

  test('may be kept unique by an index of theirs: a write that breaks it is not done, and is not tried on and on', async () => {
    await using ground = await openProxied([]);
    const { documents, place, foreign } = await openTenant(ground);
    await foreign.createIndex({ email: 1 }, { unique: true });
    await foreign.insertOne({ _id: 'a', email: 'a@example.com' });
    const sent = ground.proxy.seen('insert');
    const taken = write(documents, place, [insertion(documentOf('b', { email: 'a@example.com' }))]);
    await assert.rejects(taken, { code: 'storage_unavailable' });
    assert.equal(ground.proxy.seen('insert'), sent + 1);
    assert.deepEqual(idsOf((await listPage(documents, place)).documents), ['a']);
  });

  test('whose id is neither a string nor an ObjectId are not found, not listed and not counted', async () => {
    await using ground = await openProxied([]);
    const { documents, place, foreign } = await openTenant(ground);
    const others = [5, new Date(0), { a: 1 }, true, Long.fromString('9007199254740993')] as unknown as string[];
    await foreign.insertMany(others.map((_id) => ({ _id })));
    await foreign.insertOne({ _id: 'a', n: 1 });
    assert.deepEqual(idsOf((await listPage(documents, place)).documents), ['a']);
    assert.deepEqual(idsOf(await documents.getMany(place, 'default', ['5', 'a', 'true'])), ['a']);
    const one = { documents: 1, bytes: '{"n":1}'.length };
    assert.deepEqual(await documents.recount(place), { counted: one, slots: { documents: 0, bytes: 0 } });
    assert.deepEqual(await documents.usage(place), one);
  });

  test('give way to a document whose id is a string of the same digits, and keep it from being inserted', async () => {
    await using ground = await openProxied([]);
    const { documents, place, foreign } = await openTenant(ground);
    const [hex] = hexes;
    await foreign.insertOne({ _id: new ObjectId(hex), of: 'another' });
    const refused = await write(documents, place, [insertion(documentOf('x')), insertion(documentOf(hex))]);
    assert.deepEqual(refused, { result: 'exists', change: 1 });
    await foreign.insertOne({ _id: hex, of: 'a string' });
    const found = await getOne(documents, place, hex);
    assert.equal(found.members, '{"of":"a string"}');
    await writeDone(documents, place, [removal(found)]);
    assert.equal((await getOne(documents, place, hex)).members, '{"of":"another"}');
    assert.deepEqual(await documents.getMany(place, 'default', [hex.toUpperCase()]), []);
  });

  test('have their own members that begin with _, and never the mark of a write', async () => {
    await using ground = await openProxied([]);
    const { documents, place, foreign } = await openTenant(ground);
    await foreign.insertOne({
      _id: 'a',
      _class: 'User',
      _commit: 'x',
      _created_at: new Date(0),
      _updated_at: 'then',
      n: 1,
    });
    const expected = {
      id: 'a',
      version: 0,
      created_at: undefined,
      updated_at: 'then',
      members: '{"_class":"User","n":1}',
    };
    assert.deepEqual(await getOne(documents, place, 'a'), expected);
  });

  const versions: readonly (readonly [unknown, number])[] = [
    [3, 3],
    [Long.fromNumber(5), 5],
    [1, 1],
    ...[undefined, null, 'x', 0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, [3], { n: 1 }].map(
      (v) => [v, 0] as const,
    ),
    [Decimal128.fromString('3'), 0],
    [Long.fromString('9007199254740993'), 0],
  ];
  test('are at version 0 where no whole number from 1 on stands in _version, and are replaced and removed by it', async () => {
    await using ground = await openProxied([]);
    const { documents, place, foreign } = await openTenant(ground);
    const stored = versions.map(([_version], number) => ({
      _id: `v${number}`,
      ...(_version !== undefined && { _version }),
    }));
    for (const change of [replacement, removal]) {
      await foreign.deleteMany({});
      await foreign.insertMany(stored);
      for (const [number, [, version]] of versions.entries()) {
        const found = await getOne(documents, place, `v${number}`);
        assert.equal(found.version, version, `v${number}`);
        assert.deepEqual(await write(documents, place, [change({ ...found, version: 9 })]), {
          result: 'conflict',
          change: 0,
        });
        assert.deepEqual(await write(documents, place, [change(found)]), done, `v${number}`);
      }
    }
  });

  test('that were at version 0 are not replaced once they have a version', async () => {
    await using ground = await openProxied([]);
    const { documents, place, foreign } = await openTenant(ground);
    await foreign.insertOne({ _id: 'a' });
    const found = await getOne(documents, place, 'a');
    await writeDone(documents, place, [replacement(found)]);
    for (const change of [replacement, removal]) {
      assert.deepEqual(await write(documents, place, [change(found)]), { result: 'conflict', change: 0 });
    }
    assert.deepEqual(await getOne(documents, place, 'a'), nextOf(found));
  });

  test('may hold what no text and no expression of JavaScript is: they are read, and those beside them', async () => {
    await using ground = await openProxied([]);
    const { documents, place, foreign } = await openTenant(ground);
    await foreign.insertOne({
      _id: 'a',
      at: new Date(0),
      big: Long.fromString('9007199254740993'),
      fits: Long.fromNumber(7),
    });
    await foreign.insertOne({ _id: 'b', pattern: /x/i, list: [{ id: new ObjectId(hexes[0]) }] });
    await foreign.insertOne({ _id: 'c', $ref: 'users', $id: 7, n: 1 });
    const page = await listPage(documents, place);
    assert.deepEqual(idsOf(page.documents), ['a', 'b', 'c']);
    assert.deepEqual(await documents.getMany(place, 'default', ['c', 'a', 'b']), [
      ...page.documents.slice(2),
      ...page.documents.slice(0, 2),
    ]);
    assert.deepEqual(
      page.documents.map(({ members }) => members),
      [
        '{"at":{"$date":"1970-01-01T00:00:00Z"},"big":{"$numberLong":"9007199254740993"},"fits":7}',
        `{"pattern":{"$regularExpression":{"pattern":"x","options":"i"}},"list":[{"id":{"$oid":"${hexes[0]}"}}]}`,
        '{"$ref":"users","$id":7,"n":1}',
      ],
    );
    assert.deepEqual((await documents.recount(place)).counted, usageOf(page.documents));
  });
});
