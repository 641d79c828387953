import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { DocumentChange, Quota, StoredDocument, TenantPlace, Usage } from '../../src/store/documents.ts';
import type { Stage, Tenants } from './documents-tenants.ts';
import {
  documentOf,
  documentsOf,
  insertAll,
  insertion,
  lateEnd,
  nextOf,
  nothing,
  removal,
  replacement,
  usageOf,
  write,
  writeDone,
} from './documents-writes.ts';

/** That the slots have what is there, and that a quota holds by them. */
export function documentsSlots(stage: Stage): void {
  describe('slots', () => {
    countingExactly(stage);
    holdingTheQuota(stage);
  });
}

function countingExactly(stage: Stage): void {
  test('the usage is the sum of what is there after every write, of each collection and of all', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const acme = await tenants.make();
    const counted = { default: new Map<string, StoredDocument>(), users: new Map<string, StoredDocument>() };
    const [a, b, c] = ['a', 'b', 'c'].map((id) => documentOf(id, { text: 'ä😀'.repeat(id.charCodeAt(0) - 96) }));
    assert.ok(a && b && c);
    const next = nextOf(a, { text: 'longer than before: äöü' });
    const writes: readonly (readonly ['default' | 'users', ...DocumentChange[]])[] = [
      ['default', insertion(a)],
      ['users', insertion(a), insertion(b)],
      ['default', replacement(a, next)],
      ['default', insertion(b), insertion(c), replacement(next, nextOf(next, {}))],
      ['users', removal(a), replacement(b, nextOf(b, { shorter: 1 }))],
      ['default', removal(b), insertion(documentOf('d', { text: '\u0001\u007f€' }))],
      ['users', removal(nextOf(b, { shorter: 1 }))],
    ];
    for (const [turn, [collection, ...changes]] of writes.entries()) {
      await writeDone(tenants.documentsOf(turn), acme, changes, { collection });
      for (const change of changes) {
        if (change.op === 'remove') counted[collection].delete(change.before.id);
        else counted[collection].set(change.document.id, change.document);
      }
      const [inDefault, inUsers] = [[...counted.default.values()], [...counted.users.values()]];
      assert.deepEqual(await documents.usage(acme, 'default'), usageOf(inDefault));
      assert.deepEqual(await documents.usage(acme, 'users'), usageOf(inUsers));
      assert.deepEqual(await documents.usage(acme), usageOf([...inDefault, ...inUsers]));
    }
  });

  test('an organization that nobody wrote to has nothing', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    assert.deepEqual(await tenants.documents.usage(acme), nothing);
    assert.deepEqual(await tenants.documents.usage(acme, 'default'), nothing);
  });
}

/** The usage of `acme` is three documents of 20 bytes each. */
async function fillTo60(
  stage: Stage,
  context: TestContext,
): Promise<{ tenants: Tenants; acme: TenantPlace; stored: StoredDocument[] }> {
  const tenants = stage.begin(context);
  const acme = await tenants.make();
  const stored = ['a', 'b', 'c'].map((id) => documentOf(id, twenty));
  await insertAll(tenants.documents, acme, stored.slice(0, 2));
  await insertAll(tenants.documents, acme, stored.slice(2), 'users');
  assert.deepEqual(await tenants.documents.usage(acme), { documents: 3, bytes: 60 });
  return { tenants, acme, stored };
}

/** Members of 10 bytes, of 20, of 30 and of more. */
const [ten, twenty, thirty] = [{ t: 'xx' }, { text: 'x'.repeat(9) }, { text: `${'ä'.repeat(9)}x` }];
const long = { text: 'x'.repeat(100) };

function holdingTheQuota(stage: Stage): void {
  test('a quota of documents holds over all collections: at it is allowed, over it is refused with the usage', async (context) => {
    const { tenants, acme } = await fillTo60(stage, context);
    const quota: Quota = { documents: 5 };
    await writeDone(tenants.documents, acme, documentsOf(2).map(insertion), { quota });
    await assertFull(tenants, acme, [insertion(documentOf('e'))], { quota: { documents: 5 }, which: 'documents' });
    const more = documentsOf(3, 'more').map(insertion);
    await assertFull(tenants, acme, more, { quota: { documents: 7 }, which: 'documents' });
    await writeDone(tenants.documents, acme, more, { quota: { documents: 8 } });
    await assertFull(tenants, acme, [insertion(documentOf('e'))], { quota: { documents: 0 }, which: 'documents' });
  });

  test('a quota of bytes holds over all collections: at it is allowed, over it is refused with the usage', async (context) => {
    const { tenants, acme, stored } = await fillTo60(stage, context);
    const [a] = stored;
    assert.ok(a);
    const insert = [insertion(documentOf('d', twenty))];
    await assertFull(tenants, acme, insert, { quota: { bytes: 79 }, which: 'bytes' });
    await writeDone(tenants.documents, acme, insert, { quota: { bytes: 80 }, collection: 'users' });
    const grow = [replacement(a, nextOf(a, thirty))];
    await assertFull(tenants, acme, grow, { quota: { bytes: 89 }, which: 'bytes' });
    await writeDone(tenants.documents, acme, grow, { quota: { bytes: 90, documents: 4 } });
    assert.deepEqual(await tenants.documents.usage(acme), { documents: 4, bytes: 90 });
  });

  test('over its quota an organization may write what adds nothing, and nothing that adds', async (context) => {
    const { tenants, acme, stored } = await fillTo60(stage, context);
    const { documents } = tenants;
    const [a, b] = stored;
    assert.ok(a && b);
    const [equal, d] = [nextOf(a, twenty), documentOf('d', twenty)];
    const smaller = nextOf(equal, ten);
    const quota: Quota = { documents: 1, bytes: 10 };
    await writeDone(documents, acme, [replacement(a, equal)], { quota });
    await writeDone(documents, acme, [replacement(equal, smaller)], { quota });
    assert.deepEqual(await documents.usage(acme), { documents: 3, bytes: 50 });
    await assertFull(tenants, acme, [replacement(b, nextOf(b, thirty))], { quota, which: 'bytes' });
    await writeDone(documents, acme, [removal(b), insertion(d)], { quota });
    const fewerAndLonger = [removal(d), replacement(smaller, nextOf(smaller, long))];
    await assertFull(tenants, acme, fewerAndLonger, { quota, which: 'bytes' });
    const moreAndShorter = [removal(d), insertion(documentOf('e')), insertion(documentOf('f'))];
    await assertFull(tenants, acme, moreAndShorter, { quota, which: 'documents' });
    await writeDone(documents, acme, [removal(d)], { quota });
    assert.equal(await documents.removeSome(acme, 'users', 10, lateEnd()), 1);
    assert.deepEqual(await documents.usage(acme), { documents: 1, bytes: 10 });
    await writeDone(documents, acme, [removal(smaller)], { quota });
    await writeDone(documents, acme, [insertion(documentOf('a', ten))], { quota });
  });

  test('an organization is refused by its own usage, not by that of its neighbours', async (context) => {
    const { tenants } = await fillTo60(stage, context);
    const foreign = await tenants.make();
    const quota: Quota = { documents: 1, bytes: 20 };
    await writeDone(tenants.documents, foreign, [insertion(documentOf('a', twenty))], { quota });
    await assertFull(tenants, foreign, [insertion(documentOf('b', twenty))], { quota: { bytes: 20 }, which: 'bytes' });
  });
}

/** The write is refused by this quota and with what the organization has, and changes nothing. */
async function assertFull(
  { documents }: Tenants,
  place: TenantPlace,
  changes: readonly DocumentChange[],
  { quota, which }: { readonly quota: Quota; readonly which: keyof Quota },
): Promise<void> {
  const usage: Usage = await documents.usage(place);
  const outcome = await write(documents, place, changes, { quota });
  assert.deepEqual(outcome, { result: 'full', quota: which, usage });
  assert.deepEqual(await documents.usage(place), usage);
}
