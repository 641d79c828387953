import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Level, Quota } from '../documents.ts';
import {
  documentOf,
  documentsOf,
  idsIn,
  insertDocuments,
  makeOrganization,
  openScratch,
  scratchDirectory,
  unavailable,
} from './scratch.ts';

const levels: readonly Level[] = ['pooled', 'collection', 'database'];

for (const level of levels) {
  test(`slots and tallies that are wrong are put right at level ${level}, while others write`, async (context) => {
    const directory = await scratchDirectory(context);
    const first = await openScratch(context, directory);
    const place = await makeOrganization(first, 'org_acme', level);
    await insertDocuments(first, place, documentsOf(5_000));
    await first.close();
    {
      using database = new DatabaseSync(join(directory, 'main', `${place.database}.db`));
      database.exec(`
        UPDATE slots SET documents = 7, bytes = -7;
        DELETE FROM tallies;
        INSERT INTO tallies SELECT organization, 'unknown', 3, 30 FROM slots`);
    }
    const store = await openScratch(context, directory);
    const { documents } = store;
    // Each on its own: the more come, the more come in between.
    let isCounting = true;
    const writing = (async () => {
      let written = 0;
      for (; isCounting; written += 1) await insertDocuments(store, place, [documentOf(`more_${written}`)]);
      return written;
    })();
    const [one, other] = await Promise.all([documents.recount(place), documents.recount(place)]);
    isCounting = false;
    const written = await writing;
    for (const { counted, slots } of [one, other]) {
      assert.equal(counted.documents - 5_000, slots.documents - 7, 'both are of one moment');
    }
    assert.ok(written > 0);
    const usage = { documents: 5_000 + written, bytes: 50_000 + 10 * written };
    assert.deepEqual(await documents.usage(place), usage);
    assert.deepEqual(await documents.usage(place, 'default'), usage);
    assert.deepEqual(await documents.usage(place, 'unknown'), { documents: 0, bytes: 0 });
    assert.deepEqual(await documents.recount(place), { counted: usage, slots: usage });
  });
}

test('closing the store ends a recount', async (context) => {
  const store = await openScratch(context, await scratchDirectory(context));
  const place = await makeOrganization(store, 'org_acme');
  await insertDocuments(store, place, documentsOf(5_000));
  const refused = assert.rejects(store.documents.recount(place), unavailable);
  await Promise.all([store.close(), refused]);
});

test('a slot that was lost is made again with what is there', async (context) => {
  const directory = await scratchDirectory(context);
  const store = await openScratch(context, directory);
  const place = await makeOrganization(store, 'org_acme');
  await insertDocuments(store, place, documentsOf(3));
  {
    using database = new DatabaseSync(join(directory, 'main', 'tenants-0001.db'));
    database.exec('DELETE FROM slots; DELETE FROM tallies');
  }
  await store.documents.makeCollection(place);
  for (const collection of [undefined, 'default']) {
    assert.deepEqual(await store.documents.usage(place, collection), { documents: 3, bytes: 30 });
  }
});

test('while a pooled organization is erased its neighbours write, and keep what they have', async (context) => {
  const store = await openScratch(context, await scratchDirectory(context));
  const place = await makeOrganization(store, 'org_acme', 'pooled');
  const neighbour = await makeOrganization(store, 'org_other', 'pooled');
  await insertDocuments(store, place, documentsOf(2_000));
  let isErasing = true;
  const dropping = store.documents.dropCollection(place).finally(() => {
    isErasing = false;
  });
  let written = 0;
  for (; isErasing; written += 1) await insertDocuments(store, neighbour, [documentOf(`doc_${written}`)]);
  assert.deepEqual(await dropping, { documents: 2_000, bytes: 20_000 });
  assert.ok(written >= 5, `${written} writes came in between`);
  assert.deepEqual(await idsIn(store, place), []);
  assert.equal((await idsIn(store, neighbour)).length, written);
  assert.equal((await store.documents.usage(neighbour)).documents, written);
});

test('what organizations have is counted at every level, and by the next start too', async (context) => {
  const directory = await scratchDirectory(context);
  const first = await openScratch(context, directory, { tablesPerFile: 2 });
  for (const name of ['org_a', 'org_b', 'org_c']) await makeOrganization(first, name);
  for (const name of ['org_d', 'org_e']) await makeOrganization(first, name, 'pooled');
  const gone = [await makeOrganization(first, 'org_f', 'pooled'), await makeOrganization(first, 'org_g', 'cluster')];
  await makeOrganization(first, 'org_h', 'database');
  for (const place of gone) await first.documents.dropCollection(place);
  const { bytes, ...counted } = await first.documents.measure();
  assert.deepEqual(counted, { organizations: 6, collections: 4, databases: 1 });
  assert.ok(bytes > 4 * 4_096);
  await first.close();
  const { bytes: after, ...again } = await (await openScratch(context, directory)).documents.measure();
  assert.deepEqual(again, counted);
  assert.ok(after > 0);
});

test('a page that ends early keeps no old state open: what is written next is read', async (context) => {
  const store = await openScratch(context, await scratchDirectory(context));
  const place = await makeOrganization(store, 'org_acme');
  await insertDocuments(store, place, documentsOf(100));
  for (const range of [
    { limit: 1, bytes: 1_000 },
    { limit: 100, bytes: 25 },
  ]) {
    await store.documents.list(place, 'default', { direction: 'ascending', ...range });
    const written = documentOf(`new_${range.limit}`);
    await insertDocuments(store, place, [written]);
    assert.deepEqual(await store.documents.getMany(place, 'default', [written.id]), [written]);
  }
});

test('large writes that come at once are several transactions', async (context) => {
  const commits: number[] = [];
  const onCommit = (commit: { commits: number }) => void commits.push(commit.commits);
  const store = await openScratch(context, await scratchDirectory(context), { onCommit });
  const place = await makeOrganization(store, 'org_acme');
  commits.length = 0;
  const large = documentsOf(9, 2 ** 18 - 1_000);
  await Promise.all(large.map((document) => insertDocuments(store, place, [document])));
  // Beyond the first one a mebibyte.
  assert.deepEqual(commits, [5, 4]);
});

test('writes of one transaction see what those before them added, and what is refused is not counted', async (context) => {
  const commits: number[] = [];
  const onCommit = (commit: { commits: number }) => void commits.push(commit.commits);
  const store = await openScratch(context, await scratchDirectory(context), { onCommit });
  const { documents } = store;
  const place = await makeOrganization(store, 'org_acme');
  commits.length = 0;
  const inserting = (count: number, quota: Quota = {}, collection = 'default') => {
    const changes = documentsOf(count).map((document) => ({ op: 'insert', document }) as const);
    return documents.write(place, { collection, changes, quota }, Number.POSITIVE_INFINITY);
  };
  const results = await Promise.all([
    inserting(2),
    inserting(1),
    inserting(3, { documents: 3 }, 'other'),
    inserting(2, { documents: 4 }, 'other'),
    inserting(2, { documents: 4 }, 'third'),
    documents.removeSome(place, 'default', 1, Number.POSITIVE_INFINITY),
    inserting(2, { documents: 4 }, 'fourth'),
  ]);
  assert.deepEqual(results, [
    { result: 'done' },
    { result: 'exists', change: 0 },
    { result: 'full', quota: 'documents', usage: { documents: 2, bytes: 20 } },
    { result: 'done' },
    { result: 'full', quota: 'documents', usage: { documents: 4, bytes: 40 } },
    1,
    { result: 'full', quota: 'documents', usage: { documents: 3, bytes: 30 } },
  ]);
  assert.deepEqual(commits, [3]);
  const usages = ['default', 'other', 'third', 'fourth'].map((collection) => documents.usage(place, collection));
  const counted = (count: number) => ({ documents: count, bytes: 10 * count });
  assert.deepEqual(await Promise.all(usages), [1, 2, 0, 0].map(counted));
  assert.deepEqual(await documents.recount(place), { counted: counted(3), slots: counted(3) });
});
