import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DocumentChange, WriteOutcome } from '../../src/store/documents.ts';
import type { Stage } from './documents-tenants.ts';
import {
  documentOf,
  documentsOf,
  idsOf,
  insertAll,
  insertion,
  lateEnd,
  listPage,
  nextOf,
  nothing,
  readAll,
  removal,
  replacement,
  usageOf,
  write,
  writeDone,
} from './documents-writes.ts';

/** What a write does, and what becomes of one that does not hold. */
export function documentsWriting(stage: Stage): void {
  describe('writing', () => {
    changingDocuments(stage);
    tellingTheOutcome(stage);
    doingAllOrNothing(stage);
  });
}

function changingDocuments(stage: Stage): void {
  test('an inserted document is there as it was written, through every store', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const document = documentOf('a', { name: 'Ann', tags: ['x', { y: null }] });
    await writeDone(tenants.documents, acme, [insertion(document)]);
    for (const turn of [0, 1]) {
      const documents = tenants.documentsOf(turn);
      assert.deepEqual(await documents.getMany(acme, 'default', ['a']), [document]);
      assert.deepEqual((await listPage(documents, acme)).documents, [document]);
      assert.deepEqual(await documents.usage(acme), usageOf([document]));
    }
  });

  test('a replaced document has the new members and times, and one version more', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    let document = documentOf('a', { text: 'first' });
    await insertAll(tenants.documents, acme, [document]);
    for (const value of [{ text: 'longer than the first' }, { other: 1 }, {}]) {
      const next = nextOf(document, value);
      await writeDone(tenants.documentsOf(next.version), acme, [replacement(document, next)]);
      assert.deepEqual(await tenants.documents.getMany(acme, 'default', ['a']), [next]);
      assert.deepEqual(await tenants.documents.usage(acme), usageOf([next]));
      document = next;
    }
  });

  test('a document that was removed and made again is another than the one that was read', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    await insertAll(tenants.documents, acme, [documentOf('a', { text: 'a long text that counts for more' })]);
    const [read] = await tenants.documents.getMany(acme, 'default', ['a']);
    if (read === undefined) throw new Error('it was inserted');
    await writeDone(tenants.documentsOf(1), acme, [removal(read)]);
    const time = '2026-03-04T05:06:07.890Z';
    const another = { ...documentOf('a', { text: 'short' }), created_at: time, updated_at: time };
    await writeDone(tenants.documentsOf(1), acme, [insertion(another)]);
    const conflict = { result: 'conflict', change: 0 };
    assert.deepEqual(await write(tenants.documents, acme, [replacement(read)]), conflict);
    assert.deepEqual(await write(tenants.documents, acme, [removal(read)]), conflict);
    assert.deepEqual(await tenants.documents.getMany(acme, 'default', ['a']), [another]);
    assert.deepEqual(await tenants.documents.usage(acme), usageOf([another]));
  });

  test('a removed document is gone, and its id is free for another', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const [removed, left] = [documentOf('a', { old: true }), documentOf('b')];
    await insertAll(tenants.documents, acme, [removed, left]);
    await writeDone(tenants.documentsOf(1), acme, [removal(removed)]);
    assert.deepEqual(await readAll(tenants.documents, acme), [left]);
    const another = documentOf('a', { new: true });
    await writeDone(tenants.documents, acme, [insertion(another)]);
    assert.deepEqual(await readAll(tenants.documentsOf(1), acme), [another, left]);
  });

  test('the changes of one write are done together, of each kind and in any order', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const [first, second, third, fourth] = ['a', 'b', 'c', 'd'].map((id) => documentOf(id, { id }));
    assert.ok(first && second && third && fourth);
    await insertAll(tenants.documents, acme, [third, first, second]);
    await writeDone(tenants.documents, acme, [removal(third), insertion(fourth), replacement(first), removal(second)]);
    const left = [nextOf(first), fourth];
    assert.deepEqual(await readAll(tenants.documents, acme), left);
    assert.deepEqual(await tenants.documents.usage(acme), usageOf(left));
  });

  test('a thousand documents are inserted, replaced and removed in one write each', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const inserted = documentsOf(1_000);
    await insertAll(tenants.documents, acme, inserted);
    assert.deepEqual(await readAll(tenants.documents, acme), inserted);
    const replaced = inserted.map((document) => nextOf(document));
    const replacements = inserted.map((document) => replacement(document));
    await writeDone(tenants.documents, acme, replacements);
    assert.deepEqual(await readAll(tenants.documents, acme), replaced);
    assert.deepEqual(await tenants.documents.usage(acme), usageOf(replaced));
    await writeDone(tenants.documents, acme, replaced.map(removal));
    assert.deepEqual(await readAll(tenants.documents, acme), []);
    assert.deepEqual(await tenants.documents.usage(acme), nothing);
  });
}

function tellingTheOutcome(stage: Stage): void {
  const [there, newer, gone, never] = ['there', 'newer', 'gone', 'never'].map((id) => documentOf(id, { id }));
  assert.ok(there && newer && gone && never);
  const isReplaced = nextOf(newer);
  const fine = (id: string) => insertion(documentOf(id));
  const cases: readonly (readonly [string, readonly DocumentChange[], WriteOutcome])[] = [
    ['an insert where a document has the id', [insertion(there)], { result: 'exists', change: 0 }],
    ['an insert of another version too', [insertion({ ...there, version: 7 })], { result: 'exists', change: 0 }],
    ['a replace of what never was', [replacement(never)], { result: 'conflict', change: 0 }],
    ['a replace of what was removed', [replacement(gone)], { result: 'conflict', change: 0 }],
    ['a replace of an older version', [replacement(newer)], { result: 'conflict', change: 0 }],
    ['a replace of a version to come', [replacement(nextOf(isReplaced))], { result: 'conflict', change: 0 }],
    ['a removal of what never was', [removal(never)], { result: 'conflict', change: 0 }],
    ['a removal of what was removed', [removal(gone)], { result: 'conflict', change: 0 }],
    ['a removal of an older version', [removal(newer)], { result: 'conflict', change: 0 }],
    ['the second of three', [fine('x'), removal(never), fine('y')], { result: 'conflict', change: 1 }],
    ['the last of three', [fine('x'), replacement(there), insertion(newer)], { result: 'exists', change: 2 }],
    [
      'a conflict before one that exists',
      [fine('x'), removal(newer), insertion(there)],
      { result: 'conflict', change: 1 },
    ],
    [
      'one that exists before a conflict',
      [replacement(isReplaced), insertion(there), removal(newer), replacement(never)],
      { result: 'exists', change: 1 },
    ],
    [
      'a removal before a replace, neither of which holds',
      [removal(there), removal(gone), replacement(newer)],
      { result: 'conflict', change: 1 },
    ],
  ];
  test('the first change that does not hold is told with its place, and nothing is changed', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    await insertAll(tenants.documents, acme, [there, newer, gone]);
    await writeDone(tenants.documents, acme, [replacement(newer), removal(gone)]);
    const stored = [isReplaced, there];
    for (const [turn, [name, changes, outcome]] of cases.entries()) {
      assert.deepEqual(await write(tenants.documentsOf(turn), acme, changes), outcome, name);
      assert.deepEqual(await readAll(tenants.documents, acme), stored, name);
      assert.deepEqual(await tenants.documents.usage(acme), usageOf(stored), name);
    }
  });

  test('a write that is sent again does not hold the second time', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    await writeDone(tenants.documents, acme, [insertion(there)]);
    assert.deepEqual(await write(tenants.documents, acme, [insertion(there)]), { result: 'exists', change: 0 });
    await writeDone(tenants.documents, acme, [replacement(there)]);
    assert.deepEqual(await write(tenants.documents, acme, [replacement(there)]), { result: 'conflict', change: 0 });
    await writeDone(tenants.documents, acme, [removal(nextOf(there))]);
    assert.deepEqual(await write(tenants.documents, acme, [removal(nextOf(there))]), { result: 'conflict', change: 0 });
    assert.deepEqual(await readAll(tenants.documents, acme), []);
  });
}

function doingAllOrNothing(stage: Stage): void {
  test('of a thousand changes the last of which does not hold, none is done', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const [replaced, removed, taken] = ['replaced', 'removed', 'taken'].map((id) => documentOf(id, { id }));
    assert.ok(replaced && removed && taken);
    const stored = [removed, replaced, taken];
    await insertAll(tenants.documents, acme, stored);
    const others = [replacement(replaced), removal(removed), ...documentsOf(997).map(insertion)];
    for (const [last, result] of [
      [insertion(taken), 'exists'],
      [replacement(nextOf(taken)), 'conflict'],
      [removal(documentOf('never')), 'conflict'],
    ] as const) {
      assert.deepEqual(await write(tenants.documents, acme, [...others, last]), { result, change: 999 });
      assert.deepEqual(await readAll(tenants.documents, acme), stored);
      assert.deepEqual(await tenants.documents.usage(acme), usageOf(stored));
    }
  });

  test('a write whose end is over is not sent: it is refused, and nothing is changed', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    await insertAll(tenants.documents, acme, [documentOf('a')]);
    const late = { collection: 'default', changes: [insertion(documentOf('b'))], quota: {} };
    const refused = { name: 'TenantryError', code: /^(storage_unavailable|busy)$/ };
    await assert.rejects(tenants.documents.write(acme, late, performance.now() - 1), refused);
    await assert.rejects(tenants.documents.removeSome(acme, 'default', 10, performance.now() - 1), refused);
    await tenants.documents.write(acme, { ...late, changes: [insertion(documentOf('c'))] }, lateEnd());
    assert.deepEqual(idsOf(await readAll(tenants.documents, acme)), ['a', 'c']);
  });
}
