import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Documents, TenantPlace } from '../../src/store/documents.ts';
import { keptAnswer } from './documents-kept.ts';
import type { Stage } from './documents-tenants.ts';
import {
  documentOf,
  documentsOf,
  emptyPage,
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

/** That each organization has its own documents, and each of its collections too. */
export function documentsApart(stage: Stage): void {
  describe('apart', () => {
    keepingOrganizationsApart(stage);
    keepingCollectionsApart(stage);
  });
}

/** Organizations whose names a prefix, a pattern or a blank would mistake for `acme`. */
const alike = ['acme', 'acme_2', 'acm', 'a_me', '', 'acme_users', 'acmee'];

/** What an organization of this name stores, under the ids and in the collections of all others. */
async function storeMarked(documents: Documents, place: TenantPlace, mark: string): Promise<void> {
  for (const collection of ['default', 'users']) {
    const marked = ['a', 'b', 'c'].map((id) => documentOf(id, { mark, collection, id }));
    await writeDone(documents, place, marked.map(insertion), { collection, keep: keptAnswer(collection, mark) });
  }
}

/** It has what it stored, and nothing else. */
async function assertMarked(documents: Documents, place: TenantPlace, mark: string): Promise<void> {
  for (const collection of ['default', 'users']) {
    const marked = ['a', 'b', 'c'].map((id) => documentOf(id, { mark, collection, id }));
    assert.deepEqual(await readAll(documents, place, collection), marked);
    assert.deepEqual(await documents.getMany(place, collection, ['c', 'a', 'b']), [marked[2], marked[0], marked[1]]);
    assert.deepEqual(await documents.usage(place, collection), usageOf(marked));
    assert.deepEqual(await documents.kept(place, collection), keptAnswer(collection, mark));
  }
}

function keepingOrganizationsApart(stage: Stage): void {
  test('organizations whose names look alike have each their own documents, counts and answers, and end alone', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const places: TenantPlace[] = [];
    for (const name of alike) places.push(await tenants.make(name));
    await Promise.all(places.map((place) => storeMarked(documents, place, place.collection_name)));
    for (const [number, place] of places.entries()) {
      const usage = await documents.usage(place);
      assert.equal(usage.documents, 6);
      assert.deepEqual(await tenants.drop(place), usage);
      for (const left of places.slice(number + 1)) await assertMarked(documents, left, left.collection_name);
    }
  });

  test('an organization neither finds, changes nor removes what another has, though it knows the ids', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const [acme, foreign] = [await tenants.make('acme'), await tenants.make('acme_2')];
    const stored = documentsOf(3);
    await insertAll(documents, acme, stored);
    const [first] = stored;
    assert.ok(first);
    assert.deepEqual(await documents.getMany(foreign, 'default', [first.id]), []);
    assert.deepEqual(await listPage(documents, foreign), emptyPage);
    assert.deepEqual(await write(documents, foreign, [replacement(first)]), { result: 'conflict', change: 0 });
    assert.deepEqual(await write(documents, foreign, [removal(first)]), { result: 'conflict', change: 0 });
    assert.equal(await documents.removeSome(foreign, 'default', 1_000, lateEnd()), 0);
    assert.deepEqual(await documents.recount(foreign), { counted: nothing, slots: nothing });
    assert.deepEqual(await readAll(documents, acme), stored);
    assert.deepEqual(await documents.usage(acme), usageOf(stored));
  });

  test('two organizations have documents of one id, each its own', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const [acme, foreign] = [await tenants.make('acme'), await tenants.make('acme_2')];
    const [ours, theirs] = [documentOf('a', { ours: 1 }), documentOf('a', { theirs: 'more' })];
    await writeDone(documents, acme, [insertion(ours)]);
    await writeDone(documents, foreign, [insertion(theirs)]);
    await writeDone(documents, foreign, [replacement(theirs)]);
    assert.deepEqual(await readAll(documents, acme), [ours]);
    await writeDone(documents, acme, [removal(ours)]);
    assert.deepEqual(await readAll(documents, foreign), [nextOf(theirs)]);
  });

  test('what an organization raises, counts anew or empties changes nothing of another', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const [acme, foreign] = [await tenants.make('acme'), await tenants.make('acme_2')];
    await storeMarked(documents, acme, 'ours');
    await storeMarked(documents, foreign, 'theirs');
    const raised = await tenants.raise(foreign);
    await documents.recount(raised);
    assert.equal(await documents.removeSome(raised, 'default', 1_000, lateEnd()), 3);
    await assertMarked(documents, acme, 'ours');
    await writeDone(documents, acme, [insertion(documentOf('d'))]);
    assert.deepEqual(await write(documents, foreign, [insertion(documentOf('d'))]), { result: 'moved' });
  });

  // At level `collection` the name of an organization is its alone, also in a database that it shares.
  if (stage.level === 'collection') return;
  test('organizations of one collection name are told apart by their ids', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const [acme, foreign] = [await tenants.make('acme'), await tenants.make('acme')];
    await storeMarked(documents, acme, 'ours');
    await storeMarked(documents, foreign, 'theirs');
    await assertMarked(documents, acme, 'ours');
    await tenants.drop(acme);
    await assertMarked(documents, foreign, 'theirs');
  });
}

/** Names that an engine may have for things of its own, and that look like one another. */
const collectionNames = [
  ...[
    'default',
    'default_2',
    'defaul',
    'users',
    'user_s',
    'org_acme',
    'slots',
    'kept',
    'answers',
    'documents',
    'usage',
  ],
  ...['system', 'tenantry', 'select', 'n'.repeat(63)],
];

function keepingCollectionsApart(stage: Stage): void {
  test('a collection may have any name, and the ids and counts of each are its own', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const acme = await tenants.make('a'.repeat(90));
    const storedIn = (name: string) => [documentOf('a', { name }), documentOf('b', { name, more: [name] })];
    for (const name of collectionNames) await insertAll(documents, acme, storedIn(name), name);
    assert.deepEqual(await documents.usage(acme), usageOf(collectionNames.flatMap(storedIn)));
    for (const [number, name] of collectionNames.entries()) {
      assert.deepEqual(await readAll(documents, acme, name), storedIn(name));
      assert.deepEqual(await documents.usage(acme, name), usageOf(storedIn(name)));
      assert.equal(await documents.removeSome(acme, name, 1_000, lateEnd()), 2);
      assert.deepEqual(await documents.usage(acme, name), nothing);
      const left = collectionNames.slice(number + 1).flatMap(storedIn);
      assert.deepEqual(await documents.usage(acme), usageOf(left));
    }
  });

  test('a change of a document leaves the one of its id in another collection', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const acme = await tenants.make();
    const document = documentOf('a', { same: true });
    await insertAll(documents, acme, [document]);
    assert.deepEqual(await documents.getMany(acme, 'users', ['a']), []);
    assert.deepEqual(await write(documents, acme, [replacement(document)], { collection: 'users' }), {
      ...{ result: 'conflict', change: 0 },
    });
    await insertAll(documents, acme, [document], 'users');
    await writeDone(documents, acme, [replacement(document)], { collection: 'users' });
    assert.deepEqual(await readAll(documents, acme), [document]);
    await writeDone(documents, acme, [removal(document)]);
    assert.deepEqual(await readAll(documents, acme, 'users'), [nextOf(document)]);
  });

  test('a collection that nobody wrote to is empty, and its count is nothing', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const acme = await tenants.make();
    await insertAll(documents, acme, documentsOf(2));
    assert.deepEqual(await documents.getMany(acme, 'users', ['d0000']), []);
    assert.deepEqual(await listPage(documents, acme, {}, 'users'), emptyPage);
    assert.deepEqual(await documents.usage(acme, 'users'), nothing);
    assert.equal(await documents.removeSome(acme, 'users', 10, lateEnd()), 0);
  });
}
