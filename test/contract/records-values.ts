import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { insert, remove, replace } from '../../src/store/records.ts';
import type { Engine } from './engine.ts';
import { commitDone, duplicate } from './expect.ts';
import { openGround } from './ground.ts';
import { awkward, note, notes, pair, pairLeft } from './kinds.ts';

/** That values come back as they went in, and that names and ids are never read as anything but themselves. */
export function recordsValues(engine: Engine): void {
  describe('values', () => {
    valuesComeBack(engine);
    namesAreNames(engine);
  });
}

/** Texts that a query, a pattern or a name could mistake for its own. */
const hostileTexts = [
  "'; DROP TABLE notes; --",
  '"; DELETE FROM "notes"; --',
  "' OR '1'='1",
  '`notes`',
  '$where',
  '$.id',
  '{"$gt":""}',
  'a.b',
  '%',
  '_',
  '?1',
  ':id',
  '@id',
  '\\',
  '\\x00',
  '../../etc/passwd',
  'line\nbreak\ttab\r',
  'null',
  '0',
  '-1',
  '1e3',
  '\u202e\u200b\ufeff',
  '👩‍👩‍👧',
];

/** Members called as what every object has, with lists of objects: the driver of MongoDB may take them for its own. */
const listsOfInheritedNames =
  '{"toString":[{}],"valueOf":[{"a":1}],"constructor":[[{}]],"hasOwnProperty":[{}],"__proto__":[{"a":[]}]}';

function valuesComeBack(engine: Engine): void {
  test('every JSON value comes back as it went in', async () => {
    await using ground = await openGround(engine);
    const values = [
      null,
      true,
      false,
      0,
      -1,
      2 ** 31,
      -(2 ** 31) - 1,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
      2 ** 63,
      0.1,
      1e21,
      Number.MAX_VALUE,
      Number.MIN_VALUE,
      '',
      'nul \u0000 in the middle',
      'é e\u0301 ß \ud7ff\ue000\uffff \u{10000}\u{10ffff}',
      [],
      {},
      [[], {}, [null, [0]]],
      { '': 1, 'a.b': 2, $set: 3, id: 'inner', version: 'inner', ключ: { schlüssel: ['値'] } },
      JSON.parse(listsOfInheritedNames),
      hostileTexts,
    ];
    for (const [number, body] of values.entries()) {
      await commitDone(ground.records, insert(notes, note(`n${number}`, { body })));
    }
    await ground.reopen();
    for (const [number, body] of values.entries()) {
      assert.deepEqual(await ground.records.get(notes, `n${number}`), note(`n${number}`, { body }));
    }
  });

  test('any JSON value comes back as it went in, inserted or put in the place of another', async () => {
    await using ground = await openGround(engine);
    let turn = 0;
    const value = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }).map(withoutNulInNames);
    await fc.assert(
      fc.asyncProperty(value, value, async (first, second) => {
        // JSON has no negative zero.
        const [before, after] = JSON.parse(JSON.stringify([first, second])) as unknown[];
        turn += 1;
        const id = `n${turn}`;
        await commitDone(ground.records, insert(notes, note(id, { body: before })));
        assert.deepEqual(await ground.records.get(notes, id), note(id, { body: before }));
        await commitDone(ground.records, replace(notes, note(id, { body: after })));
        assert.deepEqual(await ground.records.get(notes, id), { id, version: 2, body: after });
      }),
      { numRuns: 50 },
    );
  });

  test('a record of a megabyte and a list of large records come back whole', async () => {
    await using ground = await openGround(engine);
    const long = Array.from({ length: 100_000 }, (_, number) => `${number} äß😀`).join('');
    assert.ok(Buffer.byteLength(long) > 1_000_000);
    const stored = ['a', 'b', 'c'].map((id) => note(id, { topic: 't', body: `${long}${id}` }));
    await commitDone(ground.records, ...stored.map((record) => insert(notes, record)));
    assert.deepEqual(await ground.records.list(notes, 'topic', { limit: 10 }), stored);
  });
}

/** The value with NUL taken out of the names of its members, which may not hold it. */
function withoutNulInNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulInNames);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name.replaceAll('\u0000', ''), withoutNulInNames(member)]),
  );
}

function namesAreNames(engine: Engine): void {
  test('ids and keys with quotes, wildcards and statements in them are nothing but texts', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    const stored = hostileTexts.map((text) => note(text, { slug: text, topic: text, alias: text, body: text }));
    await commitDone(records, ...stored.map((record) => insert(notes, record)));
    assert.deepEqual(await records.getMany(notes, hostileTexts), stored);
    for (const record of stored) {
      const text = record.id;
      assert.deepEqual(await records.get(notes, text), record);
      assert.deepEqual(await records.find(notes, 'slug', text), record);
      const [first] = await records.list(notes, 'topic', { prefix: text, limit: 1 });
      assert.deepEqual(first, record);
      assert.deepEqual(await records.commit([insert(notes, note('new', { alias: text }))]), duplicate(notes, 'alias'));
    }
    await commitDone(records, ...stored.map((record) => remove(notes, record)));
    assert.deepEqual(await records.list(notes, 'topic', { limit: 1 }), []);
  });

  test('kinds and members may be named like words of SQL and like columns of an engine', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    const make = (id: string, suffix: string) => ({
      ...{ id, version: 1, group: `group${suffix}`, select: `select${suffix}`, data: `data${suffix}` },
      ...{ json: `json${suffix}`, record: `record${suffix}`, value: `value${suffix}` },
    });
    const [first, second] = [make('one', '1'), make('two', '2')];
    await commitDone(records, insert(awkward, second), insert(awkward, first));
    assert.deepEqual(await records.get(awkward, 'one'), first);
    assert.deepEqual(await records.find(awkward, 'group', 'group2'), second);
    assert.deepEqual(await records.find(awkward, 'json', 'json1'), first);
    for (const index of ['group', 'select', 'data', 'json', 'record', 'value'] as const) {
      assert.deepEqual(await records.list(awkward, index, { limit: 10 }), [first, second], index);
      assert.deepEqual(await records.list(awkward, index, { prefix: `${index}2`, limit: 10 }), [second], index);
    }
    assert.deepEqual(
      await records.commit([insert(awkward, { ...make('new', '3'), json: 'json1' })]),
      duplicate(awkward, 'json'),
    );
  });

  test('kinds whose names and members would join to the same name have indexes of their own', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    await commitDone(records, insert(pair, { id: 'p', version: 1, left_side: 'k' }));
    await commitDone(
      records,
      insert(pairLeft, { id: 'p', version: 1, side: 'k' }),
      insert(pairLeft, { id: 'q', version: 1, side: 'k' }),
    );
    const second = insert(pair, { id: 'q', version: 1, left_side: 'k' });
    assert.deepEqual(await records.commit([second]), duplicate(pair, 'left_side'));
    assert.equal((await records.list(pairLeft, 'side', { limit: 10 })).length, 2);
  });
}
