import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { insert, type Records, remove, replace } from '../../src/store/records.ts';
import type { Engine } from './engine.ts';
import { commitDone, done, getExisting } from './expect.ts';
import { openGround } from './ground.ts';
import { drafts, type Note, note, notes } from './kinds.ts';

/** Reading by id and by unique key. */
export function recordsReading(engine: Engine): void {
  describe('reading', () => {
    readingById(engine);
    readingByKey(engine);
    readingWhatWasWritten(engine);
    readingValues(engine);
  });
}

function readingById(engine: Engine): void {
  test('a record is read by its id, and an id that nobody has reads as undefined', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    assert.equal(await records.get(notes, 'n1'), undefined);
    await commitDone(records, insert(notes, note('n1', { slug: 's1', body: { text: 'one' } })));
    assert.deepEqual(await records.get(notes, 'n1'), note('n1', { slug: 's1', body: { text: 'one' } }));
    for (const other of ['N1', 'n', 'n11', ' n1', 'n1 ', '', '%', 'n_']) {
      assert.equal(await records.get(notes, other), undefined, JSON.stringify(other));
    }
  });

  test('many records are read in the order of the ids asked for, without those that do not exist', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    await commitDone(records, ...['a', 'b', 'c', 'd'].map((id) => insert(notes, note(id, { topic: id }))));
    const ids = async (asked: readonly string[]) => (await records.getMany(notes, asked)).map((record) => record.id);
    assert.deepEqual(await ids(['d', 'a', 'x', 'c']), ['d', 'a', 'c']);
    assert.deepEqual(await ids(['b']), ['b']);
    assert.deepEqual(await ids(['A', 'x']), []);
    assert.deepEqual(await ids([]), []);
    assert.deepEqual(await records.getMany(notes, ['c', 'b']), [note('c', { topic: 'c' }), note('b', { topic: 'b' })]);
  });

  test('a thousand records are read at once', async () => {
    await using ground = await openGround(engine);
    const ids = Array.from({ length: 1_000 }, (_, number) => `n${(number * 7) % 1_000}`);
    for (let start = 0; start < ids.length; start += 200) {
      await commitDone(ground.records, ...ids.slice(start, start + 200).map((id) => insert(notes, note(id))));
    }
    const read = await ground.records.getMany(notes, ids);
    assert.deepEqual(
      read.map((record) => record.id),
      ids,
    );
  });

  test('a record of one kind never shows in another, whose ids and keys are its own', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    await commitDone(records, insert(notes, note('same', { slug: 'key', topic: 'topic' })));
    assert.equal(await records.get(drafts, 'same'), undefined);
    assert.deepEqual(await records.getMany(drafts, ['same']), []);
    assert.equal(await records.find(drafts, 'slug', 'key'), undefined);
    assert.deepEqual(await records.list(drafts, 'topic', { limit: 10 }), []);
    await commitDone(records, insert(drafts, note('same', { slug: 'key', topic: 'topic', body: 'draft' })));
    assert.equal((await getExisting(records, notes, 'same')).body, undefined);
    assert.equal((await records.find(drafts, 'slug', 'key'))?.body, 'draft');
    await commitDone(records, remove(drafts, note('same')));
    assert.equal((await records.find(notes, 'slug', 'key'))?.id, 'same');
  });
}

function readingByKey(engine: Engine): void {
  test('a record is found by its key in each unique index', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    await commitDone(
      records,
      insert(notes, note('n1', { slug: 'one', alias: 'first' })),
      insert(notes, note('n2', { slug: 'two', alias: 'one' })),
    );
    assert.equal((await records.find(notes, 'slug', 'one'))?.id, 'n1');
    assert.equal((await records.find(notes, 'alias', 'one'))?.id, 'n2');
    assert.equal(await records.find(notes, 'slug', 'first'), undefined);
    assert.equal(await records.find(notes, 'slug', 'n1'), undefined);
  });

  test('what is not a text selects nothing, whatever came past the compiler', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    await commitDone(records, insert(notes, note('n', { slug: 's' })));
    for (const wrong of [undefined, null, {}, { $gt: '' }, /./, ['n']] as unknown as string[]) {
      const reads = [records.get(notes, wrong), records.find(notes, 'slug', wrong)];
      for (const read of await Promise.allSettled(reads))
        assert.ok(read.status === 'rejected' || read.value === undefined);
    }
  });

  test('keys are equal only where every code point is: case, accents, spaces and digits all count', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    const keys = [
      'key',
      'KEY',
      'Key',
      'key ',
      ' key',
      'k\u0435y',
      'caf\u00e9',
      'cafe\u0301',
      'cafe',
      'straße',
      'strasse',
    ];
    keys.push('1', '01', '1.0', '1e0', '+1', '', ' ', '%', '_', 'null', 'NULL', '\u{1F600}', '\u{1F601}');
    await commitDone(
      records,
      ...keys.map((key, number) => insert(notes, note(`n${number}`, { slug: key, alias: key }))),
    );
    for (const [number, key] of keys.entries()) {
      assert.equal((await records.find(notes, 'slug', key))?.id, `n${number}`, JSON.stringify(key));
      assert.equal((await records.find(notes, 'alias', key))?.slug, key);
    }
    for (const stranger of ['kEY', '1.', 'k_y', 'k%', 'cafE', 'key  ']) {
      assert.equal(await records.find(notes, 'slug', stranger), undefined, JSON.stringify(stranger));
    }
  });

  test('a record whose member is absent or null is in no index, and any number of records may be so', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    await commitDone(
      records,
      insert(notes, note('absent1', { alias: 'a1' })),
      insert(notes, note('absent2')),
      insert(notes, note('null1', { slug: null, topic: null, alias: null })),
      insert(notes, note('null2', { slug: null, topic: null })),
      insert(notes, note('empty', { slug: '', topic: '' })),
    );
    assert.equal((await records.find(notes, 'slug', ''))?.id, 'empty');
    for (const key of ['null', 'undefined']) assert.equal(await records.find(notes, 'slug', key), undefined);
    for (const index of ['slug', 'topic'] as const) {
      const listed = await records.list(notes, index, { limit: 10 });
      assert.deepEqual(
        listed.map((record) => record.id),
        ['empty'],
      );
    }
    assert.deepEqual(await records.get(notes, 'null2'), note('null2', { slug: null, topic: null }));
    await commitDone(records, replace(notes, note('absent1', { slug: 'now' })));
    assert.equal((await records.find(notes, 'slug', 'now'))?.id, 'absent1');
    assert.equal(await records.find(notes, 'alias', 'a1'), undefined);
  });
}

function readingWhatWasWritten(engine: Engine): void {
  test('a record and the one that it names are found together, and never of two moments', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    const together = (key: string) => records.findJoined(notes, 'slug', key, { member: 'topic', kind: drafts });
    const left = note('n', { slug: 's', topic: 'd', body: 0 });
    const right = note('d', { body: 0 });
    await commitDone(records, insert(notes, left), insert(drafts, right), insert(notes, note('m', { slug: 'alone' })));
    assert.deepEqual(await together('s'), [left, right]);
    for (const absent of ['S', 'alone', 'd', '']) assert.equal(await together(absent), undefined);
    for (let version = 1; version <= 20; version += 1) {
      const changes = [
        replace(notes, { ...left, version, body: version }),
        replace(drafts, { ...right, version, body: version }),
      ];
      const [, ...reads] = await Promise.all([
        commitDone(ground.recordsOf(version), ...changes),
        together('s'),
        together('s'),
      ]);
      for (const read of reads) assert.equal(read?.[0].body, read?.[1].body);
    }
    for (const record of (await together('s')) ?? []) assert.equal(record.body, 20);
    await commitDone(records, remove(drafts, { id: 'd', version: 21 }));
    assert.equal(await together('s'), undefined);
  });

  test('what was looked for in vain is found once it was inserted, by every way of reading', async () => {
    await using ground = await openGround(engine);
    for (let turn = 0; turn < 20; turn += 1) {
      const written = note(`n${turn}`, { slug: `s${turn}`, topic: `t${turn}` });
      assert.deepEqual(await readEveryWay(ground.recordsOf(turn), written), [
        undefined,
        undefined,
        undefined,
        undefined,
      ]);
      await commitDone(ground.recordsOf(turn + 1), insert(notes, written));
      assert.deepEqual(await readEveryWay(ground.recordsOf(turn), written), [written, written, written, written]);
    }
  });

  test('what was read is read anew once it was replaced, and is gone once it was removed', async () => {
    await using ground = await openGround(engine);
    await commitDone(ground.records, insert(notes, note('n', { slug: 's', topic: 't', body: 0 })));
    for (let turn = 1; turn <= 20; turn += 1) {
      const before: Note = { id: 'n', version: turn, slug: 's', topic: 't', body: turn };
      await readEveryWay(ground.recordsOf(turn), before);
      await commitDone(ground.recordsOf(turn + 1), replace(notes, before));
      const after = { ...before, version: turn + 1 };
      assert.deepEqual(await readEveryWay(ground.recordsOf(turn), before), [after, after, after, after]);
    }
    const last = await getExisting(ground.records, notes, 'n');
    await commitDone(ground.recordsOf(1), remove(notes, last));
    assert.deepEqual(await readEveryWay(ground.records, last), [undefined, undefined, undefined, undefined]);
  });

  test('a record whose key changed is found by the new key and no longer by the old', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    await commitDone(records, insert(notes, note('n', { slug: 'old', topic: 'old' })));
    assert.equal((await records.find(notes, 'slug', 'old'))?.id, 'n');
    assert.equal(await records.find(notes, 'slug', 'new'), undefined);
    await commitDone(records, replace(notes, note('n', { slug: 'new', topic: 'new' })));
    assert.equal(await records.find(notes, 'slug', 'old'), undefined);
    assert.equal((await records.find(notes, 'slug', 'new'))?.version, 2);
    assert.deepEqual(await records.list(notes, 'topic', { prefix: 'old', limit: 10 }), []);
    await commitDone(records, insert(notes, note('m', { slug: 'old' })));
    assert.equal((await records.find(notes, 'slug', 'old'))?.id, 'm');
  });

  test('a read that ran beside a commit leaves nothing stale behind', async () => {
    await using ground = await openGround(engine);
    await commitDone(ground.records, insert(notes, note('n', { slug: 's', topic: 't' })));
    for (let turn = 1; turn <= 50; turn += 1) {
      const before: Note = { id: 'n', version: turn, slug: 's', topic: 't' };
      const [outcome] = await Promise.all([
        ground.recordsOf(turn).commit([replace(notes, before)]),
        readEveryWay(ground.recordsOf(turn + 1), before),
        readEveryWay(ground.recordsOf(turn), before),
      ]);
      assert.deepEqual(outcome, done);
      const after = { ...before, version: turn + 1 };
      assert.deepEqual(await readEveryWay(ground.recordsOf(turn + 1), before), [after, after, after, after]);
    }
  });
}

/** The record as `get`, `getMany`, `find` and `list` have it. */
async function readEveryWay(records: Records, asked: Note): Promise<(Note | undefined)[]> {
  const { id, slug, topic } = asked;
  assert.ok(typeof slug === 'string' && typeof topic === 'string');
  const [got, many, found, listed] = await Promise.all([
    records.get(notes, id),
    records.getMany(notes, [id]),
    records.find(notes, 'slug', slug),
    records.list(notes, 'topic', { prefix: topic, limit: 1 }),
  ]);
  return [got, many[0], found, listed[0]];
}

function readingValues(engine: Engine): void {
  test('what a read returns is frozen through and through, by every way of reading', async () => {
    await using ground = await openGround(engine);
    const written = note('n', { slug: 's', topic: 't', body: { list: [{ deep: [1] }], empty: {}, none: null } });
    await commitDone(ground.records, insert(notes, written));
    for (let repetition = 0; repetition < 2; repetition += 1) {
      for (const record of await readEveryWay(ground.records, written)) assertFrozen(record);
    }
  });

  test('a caller that changes its own object after the commit does not change what is stored', async () => {
    await using ground = await openGround(engine);
    const body = { list: [1] };
    const written = note('n', { slug: 's', topic: 't', body });
    const expected = structuredClone(written);
    await commitDone(ground.records, insert(notes, written));
    Reflect.set(body.list, 0, 2);
    Reflect.set(written, 'slug', 'changed');
    assert.deepEqual(await readEveryWay(ground.records, expected), [expected, expected, expected, expected]);
  });
}

function assertFrozen(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  assert.ok(Object.isFrozen(value), `not frozen: ${JSON.stringify(value)}`);
  for (const member of Object.values(value)) assertFrozen(member);
}
