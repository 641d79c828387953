import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Documents, WriteOutcome } from '../documents.ts';
import { openScratch, placeOf, scratchDirectory } from './scratch.ts';

const place = placeOf({ cluster: 'main', database: 'tenants-0001' }, 'org_acme');
const [done, unkept] = [{ result: 'done' }, { result: 'unkept' }] as const;

/** Keeps an answer, where there are no more than three with it. */
function keep(documents: Documents, id: string): Promise<WriteOutcome> {
  const answer = { id, request: 'r', answer: '{}', expires_at: '2999-01-01T00:00:00.000Z' };
  const write = { collection: 'default', changes: [], quota: {}, keep: answer };
  return documents.write(place, { ...write, keepWithin: { answers: 3, bytes: 100 } }, performance.now() + 30_000);
}

test('answers that a former version kept, without counting them, are counted', async (context) => {
  const directory = await scratchDirectory(context);
  const first = await openScratch(context, directory);
  assert.equal((await first.documents.assignPlace('collection', place.organization)).database, place.database);
  await first.documents.makeCollection(place);
  for (const id of ['a', 'b']) assert.deepEqual(await keep(first.documents, id), done);
  await first.close();
  const path = join(directory, 'main', 'tenants-0001.db');
  {
    using database = new DatabaseSync(path);
    for (const name of ['insert', 'update', 'delete']) database.exec(`DROP TRIGGER "kept_answers-${name}"`);
    database.exec('DROP TABLE kept_totals');
  }
  const second = await openScratch(context, directory);
  assert.deepEqual(await keep(second.documents, 'c'), done);
  assert.deepEqual(await keep(second.documents, 'd'), unkept);
  await second.documents.forgetKept(new Date('3000-01-01'), new AbortController().signal);
  for (const id of ['d', 'e', 'f']) assert.deepEqual(await keep(second.documents, id), done);
  assert.deepEqual(await keep(second.documents, 'g'), unkept);
  await second.documents.dropCollection(place);
  await second.close();
  using database = new DatabaseSync(path);
  assert.deepEqual(database.prepare('SELECT * FROM kept_totals').all(), [], 'nothing is left of the organization');
});
