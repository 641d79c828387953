import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { insert, type ListRange, type Records, remove, replace } from '../../src/store/records.ts';
import { type Engine, shareOf } from './engine.ts';
import { commitDone } from './expect.ts';
import { openGround } from './ground.ts';
import { type Note, note, notes } from './kinds.ts';

/** Listing by an index: order, prefix, pages. */
export function recordsListing(engine: Engine): void {
  describe('listing', () => {
    listingInOrder(engine);
    listingRanges(engine);
    listingPages(engine);
  });
}

/**
 * What a page is cut from: wildcards of LIKE, GLOB and regular expressions, quotes, both cases, both normal forms, and
 * the code points on both sides of the surrogates, where UTF-16 and code points part ways.
 */
const alphabet = [
  'a',
  'A',
  'b',
  'z',
  '%',
  '_',
  '\\',
  '*',
  '?',
  '[',
  '.',
  '^',
  '$',
  "'",
  '"',
  ' ',
  'ß',
  '\u00e9',
  'e\u0301',
];
alphabet.push('\u007f', '\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}');

function byCodePoint(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function listingInOrder(engine: Engine): void {
  test('records are listed by key in the order of code points, not of UTF-16 units, locales or insertion', async () => {
    await using ground = await openGround(engine);
    const ascending = ['', '%', '1', '10', '2', 'A', 'B', '_', 'a', 'aa', 'b', '\u00e9', '\ud7ff', '\ue000', '\uffff'];
    ascending.push('\uffff\uffff', '\u{10000}', '\u{1F600}', '\u{10ffff}', '\u{10ffff}\u{10ffff}');
    const shuffled = ascending.map((key, number) => ({ key, place: (number * 7) % ascending.length }));
    shuffled.sort((left, right) => left.place - right.place);
    for (const { key, place } of shuffled) {
      await commitDone(ground.records, insert(notes, note(`n${place}`, { slug: key, topic: key })));
    }
    for (const index of ['topic', 'slug'] as const) {
      const listed = await ground.records.list(notes, index, { limit: 100 });
      assert.deepEqual(
        listed.map((record) => record[index]),
        ascending,
      );
      const reversed = await ground.records.list(notes, index, { direction: 'descending', limit: 100 });
      assert.deepEqual(reversed, listed.toReversed());
    }
  });

  test('records with the same key are listed by id, in the order of code points', async () => {
    await using ground = await openGround(engine);
    const ascending = ['1', '10', '2', 'B', 'a', '\uffff', '\u{10000}'];
    for (const place of [3, 6, 0, 5, 1, 4, 2]) {
      const id = ascending[place];
      assert.ok(id !== undefined);
      await commitDone(ground.records, insert(notes, note(id, { topic: 'same' })));
    }
    assert.deepEqual(await listIds(ground.records, { limit: 100 }), ascending);
    assert.deepEqual(await listIds(ground.records, { after: { key: 'same', id: '2' }, limit: 2 }), ['B', 'a']);
    assert.deepEqual(await listIds(ground.records, { after: { key: 'same', id: '\uffff' }, limit: 9 }), ['\u{10000}']);
  });
}

function listingRanges(engine: Engine): void {
  test('a prefix, a place to go on from and a limit give the very records that they say, whatever their characters', async () => {
    await using ground = await openGround(engine);
    const keys = ['', ...alphabet, ...alphabet.flatMap((first) => alphabet.map((second) => first + second))];
    const stored = keys.flatMap((key, number) => {
      const first = note(`n${number}`, { topic: key });
      return number % 3 === 0 ? [first, note(`m${number}`, { topic: key })] : [first];
    });
    for (let start = 0; start < stored.length; start += 100) {
      await commitDone(ground.records, ...stored.slice(start, start + 100).map((record) => insert(notes, record)));
    }
    const word = fc.array(fc.constantFrom(...alphabet), { maxLength: 3 }).map((letters) => letters.join(''));
    const after = fc.record({ key: word, id: fc.oneof(fc.constantFrom(...stored.map(({ id }) => id)), word) });
    const ranges = fc.record(
      {
        prefix: word,
        after,
        direction: fc.constantFrom('ascending', 'descending'),
        limit: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(1_000)),
      },
      { requiredKeys: ['limit'] },
    );
    await fc.assert(
      fc.asyncProperty(ranges, async (range) => {
        assert.deepEqual(await ground.records.list(notes, 'topic', range), expectedPage(stored, range));
      }),
      { numRuns: shareOf(engine, 300) },
    );
  });

  test('each single character works as a prefix', async () => {
    await using ground = await openGround(engine);
    const stored = alphabet.flatMap((letter, number) => [
      note(`n${number}`, { topic: letter }),
      note(`m${number}`, { topic: `${letter}tail` }),
    ]);
    await commitDone(ground.records, ...stored.map((record) => insert(notes, record)));
    for (const prefix of alphabet) {
      const range = { prefix, limit: 100 };
      assert.deepEqual(
        await ground.records.list(notes, 'topic', range),
        expectedPage(stored, range),
        JSON.stringify(prefix),
      );
    }
  });

  test('a limit of one gives the first, and the whole list is given where the limit is beyond it', async () => {
    await using ground = await openGround(engine);
    const ids = Array.from({ length: 1_001 }, (_, number) => String(number).padStart(4, '0'));
    await commitDone(ground.records, ...ids.map((id) => insert(notes, note(id, { topic: 't' }))));
    assert.deepEqual(await listIds(ground.records, { limit: 1 }), ['0000']);
    assert.deepEqual(await listIds(ground.records, { limit: 1_000 }), ids.slice(0, 1_000));
    assert.deepEqual(await listIds(ground.records, { after: { key: 't', id: '0996' }, limit: 1_000 }), ids.slice(997));
    assert.deepEqual(await listIds(ground.records, { prefix: 'u', limit: 1 }), []);
  });
}

/** The page by the words of the port, worked out without an index. */
function expectedPage(stored: readonly Note[], range: ListRange): Note[] {
  const { after, prefix = '', limit, direction } = range;
  const sign = direction === 'descending' ? -1 : 1;
  const compare = (left: Note, right: Note) =>
    sign * (byCodePoint(left.topic ?? '', right.topic ?? '') || byCodePoint(left.id, right.id));
  const start = after && note(after.id, { topic: after.key });
  return stored
    .filter((record) => record.topic?.startsWith(prefix) && (start === undefined || compare(record, start) > 0))
    .sort(compare)
    .slice(0, limit);
}

function listingPages(engine: Engine): void {
  test('walking the pages meets every record once, also where the last record of a page is removed or moved', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    const stored = Array.from({ length: 50 }, (_, number) =>
      note(`n${String((number * 7) % 50).padStart(2, '0')}`, { topic: `t${number % 4}` }),
    );
    await commitDone(records, ...stored.map((record) => insert(notes, record)));
    const met: string[] = [];
    let after: ListRange['after'];
    for (let page = 0; page < 20; page += 1) {
      const listed = await records.list(notes, 'topic', after === undefined ? { limit: 7 } : { after, limit: 7 });
      met.push(...listed.map((record) => record.id));
      const last = listed.at(-1);
      if (last === undefined) break;
      after = { key: last.topic ?? '', id: last.id };
      await commitDone(records, page % 2 === 0 ? remove(notes, last) : replace(notes, { ...last, topic: 'a' }));
    }
    const expected = expectedPage(stored, { limit: 1_000 }).map((record) => record.id);
    assert.deepEqual(met, expected);
  });

  test('a list follows what is committed: moved records change place, removed ones are gone', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    await commitDone(records, ...['a', 'b', 'c'].map((id) => insert(notes, note(id, { topic: id }))));
    await commitDone(records, replace(notes, note('a', { topic: 'z' })), remove(notes, note('b')));
    assert.deepEqual(await listIds(records, { limit: 10 }), ['c', 'a']);
    await commitDone(records, replace(notes, { id: 'a', version: 2 }));
    assert.deepEqual(await listIds(records, { limit: 10 }), ['c']);
  });
}

async function listIds(records: Records, range: ListRange): Promise<string[]> {
  return (await records.list(notes, 'topic', range)).map((record) => record.id);
}
