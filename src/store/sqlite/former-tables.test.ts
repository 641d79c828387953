import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { insert } from '../records.ts';
import {
  documentOf,
  idsIn,
  insertDocuments,
  keepingLog,
  noteOf,
  notes,
  openScratch,
  placeOf,
  scratchDirectory,
  unavailable,
} from './scratch.ts';

const place = placeOf({ cluster: 'main', database: 'tenants-0001' }, 'org_acme');

/** A data directory of the first version, with an organization's table. */
async function formerDirectory(context: TestContext, ...statements: string[]): Promise<string> {
  const directory = await scratchDirectory(context);
  const first = await openScratch(context, directory);
  await first.records.commit([insert(notes, noteOf('note_1'))]);
  await first.close();
  mkdirSync(join(directory, 'main'), { recursive: true });
  using database = new DatabaseSync(join(directory, 'main', 'tenants-0001.db'));
  database.exec(`
    PRAGMA journal_mode=WAL;
    CREATE TABLE "org_acme" (collection TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (collection, id));
    PRAGMA user_version=1;
    ${statements.join(';')}
  `);
  return directory;
}

test('an organization of the first version has nothing, takes no write until it is made anew, and then works', async (context) => {
  const directory = await formerDirectory(context);
  const store = await openScratch(context, directory, { tablesPerFile: 1 });
  const { documents } = store;
  const write = { collection: 'default', changes: [], quota: {} };
  assert.ok(await documents.hasCollection(place, 'org_acme'));
  for (let turn = 0; turn < 2; turn += 1) {
    assert.deepEqual(await idsIn(store, place), []);
    assert.deepEqual(await documents.getMany(place, 'default', ['a']), []);
    assert.deepEqual(await documents.usage(place), { documents: 0, bytes: 0 });
    assert.deepEqual(await documents.write(place, write, performance.now() + 30_000), { result: 'moved' });
  }

  for (let turn = 0; turn < 2; turn += 1) await documents.makeCollection(place);
  await insertDocuments(store, place, [documentOf('a')]);
  assert.deepEqual(await documents.getMany(place, 'default', ['a']), [documentOf('a')]);
  assert.deepEqual(await documents.usage(place), { documents: 1, bytes: 10 });
  assert.equal((await documents.measure()).collections, 1, 'it is the same table');
  assert.equal((await documents.assignPlace('collection', place.organization)).database, 'tenants-0002');
  await store.close();
  assert.equal((await (await openScratch(context, directory)).documents.measure()).collections, 1);
});

test('a table of the first version that is not empty is left as it is, and told of', async (context) => {
  const directory = await formerDirectory(context, "INSERT INTO org_acme VALUES ('default', 'a', '{}')");
  const log = keepingLog();
  const store = await openScratch(context, directory, { log });
  await assert.rejects(store.documents.makeCollection(place), unavailable);
  assert.match(
    log.lines.join('\n'),
    /^main\/tenants-0001\.db failed: .*org_acme has rows of a form that is not known/m,
  );
  await store.close();
  using database = new DatabaseSync(join(directory, 'main', 'tenants-0001.db'));
  assert.deepEqual(Object.values(database.prepare('SELECT * FROM org_acme').get() ?? {}), ['default', 'a', '{}']);
});

test('an organization of the first version can be dropped', async (context) => {
  const store = await openScratch(context, await formerDirectory(context));
  assert.deepEqual(await store.documents.dropCollection(place), { documents: 0, bytes: 0 });
  assert.equal(await store.documents.hasCollection(place, 'org_acme'), false);
  assert.equal((await store.documents.measure()).organizations, 0);
});
