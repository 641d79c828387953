import assert from 'node:assert/strict';
import { existsSync, readdirSync, readlinkSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  documentOf,
  documentsOf,
  idsIn,
  insertDocuments,
  keepingLog,
  makeOrganization,
  openScratch,
  placeOf,
  scratchDirectory,
  unavailable,
} from './scratch.ts';

const nothing = { documents: 0, bytes: 0 };
const filesIn = (directory: string): string[] => readdirSync(join(directory, 'main')).toSorted();

/** Files that are open in this process and have no name in the directory any more. */
function openAndRemoved(directory: string): string[] {
  const descriptors = readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`);
    } catch {
      // The one that the directory was listed by.
      return [];
    }
  });
  return descriptors.filter((path) => path.startsWith(directory) && path.endsWith('(deleted)'));
}

test("an organization's own file goes with it, also while it is read and counted, and may come again", async (context) => {
  const directory = await scratchDirectory(context);
  const store = await openScratch(context, directory);
  const { documents } = store;
  const place = await makeOrganization(store, 'org_acme', 'database');
  const neighbour = await makeOrganization(store, 'org_other', 'cluster');
  const own = `${place.organization}.db`;
  for (let turn = 0; turn < 2; turn += 1) {
    await insertDocuments(store, place, documentsOf(5_000));
    assert.equal((await idsIn(store, place)).length, 1_000);
    assert.ok(filesIn(directory).includes(own));
    const counting = documents.recount(place);
    assert.deepEqual(await documents.dropCollection(place), { documents: 5_000, bytes: 50_000 });
    assert.deepEqual(
      filesIn(directory).filter((name) => name.startsWith(own)),
      [],
    );
    assert.deepEqual(await counting, {
      counted: { documents: 5_000, bytes: 50_000 },
      slots: { documents: 5_000, bytes: 50_000 },
    });
    if (existsSync('/proc/self/fd')) assert.deepEqual(openAndRemoved(directory), []);
    assert.deepEqual(await idsIn(store, place), []);
    assert.deepEqual(await documents.recount(place), { counted: nothing, slots: nothing });
    assert.deepEqual(await documents.dropCollection(place), nothing);
    assert.equal(await documents.hasCollection(place, 'org_acme'), false);
    await documents.makeCollection(place);
    assert.deepEqual(await idsIn(store, place), []);
  }
  assert.ok(await documents.hasCollection(neighbour, 'org_other'));
});

test('who reads while it is dropped and made again reads what is written afterwards', async (context) => {
  const directory = await scratchDirectory(context);
  const store = await openScratch(context, directory);
  const place = await makeOrganization(store, 'org_acme', 'database');
  await insertDocuments(store, place, [documentOf('old')]);
  const path = join(directory, 'main', `${place.organization}.db`);
  // A second program's lock: the drop is in work while others come.
  const lock = new DatabaseSync(path);
  lock.exec('BEGIN IMMEDIATE');
  const dropped = store.documents.dropCollection(place);
  await nextTurn();
  const made = store.documents.makeCollection(place);
  assert.deepEqual(await idsIn(store, place), ['old']);
  lock.close();
  assert.deepEqual(await dropped, { documents: 1, bytes: 10 });
  await made;
  await insertDocuments(store, place, [documentOf('new')]);
  assert.deepEqual(await idsIn(store, place), ['new']);
});

test('a drop that was killed before the file was removed is finished by the next one', async (context) => {
  const directory = await scratchDirectory(context);
  const store = await openScratch(context, directory);
  const place = await makeOrganization(store, 'org_acme', 'database');
  await store.documents.dropCollection(place);
  writeFileSync(join(directory, 'main', `${place.organization}.db`), '');
  await store.close();
  const again = await openScratch(context, directory);
  assert.deepEqual(await again.documents.dropCollection(place), nothing);
  assert.deepEqual(filesIn(directory), []);
});

test('a start opens none of them: a damaged one is told of when it is used, and keeps no other from working', async (context) => {
  const [directory, log] = [await scratchDirectory(context), keepingLog()];
  const first = await openScratch(context, directory);
  const [bad, good] = [
    await makeOrganization(first, 'org_bad', 'database'),
    await makeOrganization(first, 'org_good', 'database'),
  ];
  await insertDocuments(first, good, [documentOf('a')]);
  await first.close();
  const file = `${bad.organization}.db`;
  writeFileSync(join(directory, 'main', file), 'this is no database'.repeat(1_000));

  const store = await openScratch(context, directory, { log });
  assert.deepEqual(log.lines, []);
  assert.equal((await store.documents.measure()).databases, 2);
  for (const read of [idsIn(store, bad), store.documents.usage(bad), store.documents.recount(bad)]) {
    await assert.rejects(read, (error: Error) => String(error.cause).includes(`main/${file}: it is damaged`));
  }
  await assert.rejects(insertDocuments(store, bad, [documentOf('a')]), unavailable);
  assert.match(log.lines.join('\n'), new RegExp(`^main/${file} failed: it is damaged`, 'm'));
  assert.deepEqual(await idsIn(store, good), ['a']);
  await store.documents.forgetKept(new Date(), AbortSignal.timeout(30_000));
});

test('one that is taken away is not taken for a drop, and works when it is back', async (context) => {
  const directory = await scratchDirectory(context);
  const store = await openScratch(context, directory);
  const place = await makeOrganization(store, 'org_acme', 'database');
  await insertDocuments(store, place, [documentOf('a')]);
  const path = join(directory, 'main', `${place.organization}.db`);
  renameSync(path, `${path}.away`);
  await assert.rejects(insertDocuments(store, place, [documentOf('b')]), unavailable);
  await assert.rejects(idsIn(store, place), unavailable);
  await assert.rejects(insertDocuments(store, place, [documentOf('b')]), unavailable);
  renameSync(`${path}.away`, path);
  assert.ok((await idsIn(store, place)).includes('a'));
  await insertDocuments(store, place, [documentOf('c')]);
});

test('where nothing was made nothing is found, and nothing is begun', async (context) => {
  const directory = await scratchDirectory(context);
  const store = await openScratch(context, directory);
  const place = placeOf({ cluster: 'main', database: '' }, 'org_acme', 'database');
  const own = { ...place, database: place.organization };
  assert.deepEqual(await idsIn(store, own), []);
  await store.documents.raiseEpoch(own);
  assert.equal(await store.documents.removeSome(own, 'default', 1, performance.now() + 30_000), 'moved');
  assert.deepEqual(filesIn(directory), []);
});
