import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DocumentPage, DocumentRange, Documents, StoredDocument, TenantPlace } from '../../src/store/documents.ts';
import type { Stage } from './documents-tenants.ts';
import {
  documentOf,
  documentsOf,
  emptyPage,
  idsOf,
  insertAll,
  insertion,
  listPage,
  removal,
  replacement,
  writeDone,
} from './documents-writes.ts';

/** What reads by id and reads in order give. */
export function documentsReading(stage: Stage): void {
  describe('reading', () => {
    readingByIds(stage);
    readingInOrder(stage);
    endingPages(stage);
    standingStill(stage);
  });
}

function readingByIds(stage: Stage): void {
  test('documents are read by their ids, in the order of the ids, and those that are not there are left out', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const acme = await tenants.make();
    const [a, b, c] = ['a', 'b', 'c'].map((id) => documentOf(id, { id }));
    assert.ok(a && b && c);
    await insertAll(documents, acme, [a, b, c]);
    assert.deepEqual(await documents.getMany(acme, 'default', ['c', 'never', 'a', 'B', 'b', 'aa']), [c, a, b]);
    assert.deepEqual(await documents.getMany(acme, 'default', ['never']), []);
    assert.deepEqual(await documents.getMany(acme, 'default', []), []);
  });

  test('a thousand documents are read by their ids at once', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const acme = await tenants.make();
    const stored = documentsOf(1_000);
    await insertAll(documents, acme, stored);
    const backwards = stored.toReversed();
    assert.deepEqual(await documents.getMany(acme, 'default', idsOf(backwards)), backwards);
  });
}

/** Ids in the order of their code points. */
const inOrder = [
  ...['-', '--', '-a', '.a', '0', '00', '1', '10', '2', 'A', 'A-', 'A.', 'A0', 'AA', 'A_', 'Aa', 'A~', 'B', 'Z', '_'],
  ...['_id', 'a', 'a-', 'a-b', 'a.', 'a.b', 'a0', 'aA', 'a_', 'aa', 'ab', 'a~', 'b', 'z', '~', '~~'],
];

function readingInOrder(stage: Stage): void {
  test('a collection is listed by the code points of the ids, forwards and backwards, whatever the size of a page', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const acme = await tenants.make();
    const stored = inOrder.map((id) => documentOf(id, { id }));
    await insertAll(
      documents,
      acme,
      stored.toSorted((one, other) => one.members.length - other.members.length),
    );
    for (const [direction, expected] of [
      ['ascending', stored],
      ['descending', stored.toReversed()],
    ] as const) {
      for (const limit of [1, 7, inOrder.length - 1, inOrder.length, 1_000]) {
        const pages = await readPages(documents, acme, { direction, limit });
        assert.deepEqual(
          pages.flatMap((page) => page.documents),
          expected,
        );
        assertPages(pages, limit);
      }
    }
  });

  test('an empty collection has one empty page', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const acme = await tenants.make();
    await insertAll(documents, acme, documentsOf(1), 'users');
    for (const direction of ['ascending', 'descending'] as const) {
      assert.deepEqual(await listPage(documents, acme, { direction }), emptyPage);
    }
  });

  test('a page of a thousand documents is given, and what is more on the next', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const acme = await tenants.make();
    const stored = documentsOf(1_100);
    await insertAll(documents, acme, stored.slice(500));
    await insertAll(documents, acme, stored.slice(0, 500));
    const [first, second] = await readPages(documents, acme, { limit: 1_000 });
    assert.deepEqual(first?.documents, stored.slice(0, 1_000));
    assert.deepEqual(second?.documents, stored.slice(1_000));
  });
}

/** Follows `next` to the end; `between` happens after each page. */
async function readPages(
  documents: Documents,
  place: TenantPlace,
  range: Partial<DocumentRange>,
  between: (page: DocumentPage) => Promise<void> = async () => {},
): Promise<DocumentPage[]> {
  const pages: DocumentPage[] = [];
  let after: string | undefined;
  do {
    const page = await listPage(documents, place, { ...range, after });
    pages.push(page);
    await between(page);
    after = page.next;
    assert.ok(pages.length < 1_000, 'the pages have no end');
  } while (after !== undefined);
  return pages;
}

/** All pages are full but the last, which is empty only where the one before it was full. */
function assertPages(pages: readonly DocumentPage[], limit: number): void {
  for (const page of pages.slice(0, -1)) assert.equal(page.documents.length, limit);
  const total = pages.reduce((sum, page) => sum + page.documents.length, 0);
  assert.ok(pages.length <= Math.floor(total / limit) + 1, `${pages.length} pages of ${limit} for ${total}`);
  assert.equal(pages.at(-1)?.next, undefined);
}

function endingPages(stage: Stage): void {
  test('a page ends where it has the bytes that were asked for, and has one document at least', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const acme = await tenants.make();
    // 100 bytes each, then one of a thousand, then 100 again.
    const stored = [92, 92, 92, 92, 992, 92, 92].map((length, number) =>
      documentOf(`d${number}`, { t: 'x'.repeat(length) }),
    );
    await insertAll(documents, acme, stored);
    for (const [direction, expected] of [
      ['ascending', stored],
      ['descending', stored.toReversed()],
    ] as const) {
      for (const bytes of [1, 99, 100, 101, 250, 300, 1_100, 10_000]) {
        const pages = await readPages(documents, acme, { direction, bytes });
        assert.deepEqual(
          pages.flatMap((page) => page.documents),
          expected,
        );
        for (const page of pages) assertBytes(page, bytes, expected);
      }
    }
  });

  test('a page ends at what comes first, the documents or the bytes', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const acme = await tenants.make();
    const stored = documentsOf(10);
    await insertAll(documents, acme, stored);
    const few = await listPage(documents, acme, { limit: 2, bytes: 1_000 });
    assert.deepEqual(few.documents, stored.slice(0, 2));
    const small = await listPage(documents, acme, { limit: 5, bytes: 1 });
    assert.deepEqual(small.documents, stored.slice(0, 1));
    assert.notEqual(small.next, undefined);
  });
}

/** The page is within its bytes, or one document; the next one would have passed them. */
function assertBytes({ documents, next }: DocumentPage, bytes: number, all: readonly StoredDocument[]): void {
  const sum = (counted: readonly StoredDocument[]) => counted.reduce((total, { members }) => total + members.length, 0);
  assert.ok(documents.length === 1 || sum(documents) <= bytes, `${sum(documents)} bytes where ${bytes} were asked for`);
  const last = all.findIndex(({ id }) => id === documents.at(-1)?.id);
  const following = all.slice(last + 1, last + 2);
  if (following.length === 0) return;
  assert.notEqual(next, undefined);
  assert.ok(sum(documents) + sum(following) > bytes, `a page of ${sum(documents)} bytes ended before ${bytes}`);
}

function standingStill(stage: Stage): void {
  test('pages stand still while others write: nothing that stands is left out or comes twice', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    for (const direction of ['ascending', 'descending'] as const) {
      const acme = await tenants.make();
      const stored = documentsOf(20);
      const standing = stored.filter((_, number) => number % 4 !== 3);
      await insertAll(documents, acme, stored);
      let turn = 0;
      const pages = await readPages(documents, acme, { direction, limit: 4 }, async (page) => {
        turn += 1;
        // Before, within and after what was read; what was read is replaced, and its last is removed where it may be.
        const inserted = [`a${turn}`, `d0007-${turn}`, `d0013-${turn}`, `z${turn}`].map((id) => documentOf(id));
        const [first] = page.documents.filter(({ id, version }) => /^d\d{4}$/.test(id) && version === 1);
        const last = page.documents.at(-1);
        const isRemoved = last !== undefined && !standing.some(({ id }) => id === last.id);
        const changes = [
          ...inserted.map(insertion),
          ...(first === undefined || first.id === last?.id ? [] : [replacement(first)]),
          ...(isRemoved ? [removal(last)] : []),
        ];
        await writeDone(tenants.documentsOf(turn), acme, changes);
      });
      const ids = pages.flatMap((page) => idsOf(page.documents));
      assert.equal(new Set(ids).size, ids.length, 'a document came twice');
      assert.deepEqual(ids, direction === 'ascending' ? ids.toSorted() : ids.toSorted().reverse());
      assert.deepEqual(
        standing.filter(({ id }) => !ids.includes(id)),
        [],
      );
    }
  });

  test('the next page begins behind the last document, also where that was removed', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const acme = await tenants.make();
    const stored = documentsOf(6);
    await insertAll(documents, acme, stored);
    for (const [direction, following] of [
      ['ascending', stored.slice(3)],
      ['descending', stored.slice(0, 2).toReversed()],
    ] as const) {
      const limit = direction === 'ascending' ? 3 : 4;
      const { documents: page, next } = await listPage(documents, acme, { direction, limit });
      const last = page.at(-1);
      assert.ok(last && next !== undefined);
      await writeDone(documents, acme, [removal(last)]);
      const { documents: behind } = await listPage(tenants.documentsOf(1), acme, { direction, after: next });
      assert.deepEqual(behind, following);
      await insertAll(documents, acme, [last]);
    }
  });
}
