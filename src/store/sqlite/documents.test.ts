import assert from 'node:assert/strict';
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Documents, Place } from '../documents.ts';
import { idOf, killProcess, openScratch, placeOf, scratchDirectory, startProcess } from './scratch.ts';

function assignMany(documents: Documents, count: number): Promise<Place[]> {
  return Promise.all(Array.from({ length: count }, () => documents.assignPlace('collection', idOf('org_acme'))));
}

async function makeAll(documents: Documents, places: readonly Place[]): Promise<void> {
  await Promise.all(places.map((place, number) => documents.makeCollection(placeOf(place, `org_${number}`))));
}

const databasesOf = (places: readonly Place[]): string[] => places.map(({ database }) => database);

test('a file takes 500 tables, then the next one is begun', async (context) => {
  const store = await openScratch(context, await scratchDirectory(context));
  const places = await assignMany(store.documents, 501);
  await makeAll(store.documents, places);
  assert.deepEqual(databasesOf(places), [...Array(500).fill('tenants-0001'), 'tenants-0002']);
  const answers = places.map((place, number) => store.documents.hasCollection(place, `org_${number}`));
  assert.ok((await Promise.all(answers)).every((stands) => stands));
});

test('what a process made before it was killed is counted, though it stands in the WAL alone', async (context) => {
  const directory = await scratchDirectory(context);
  const other = startProcess(context);
  await other.order({ call: 'open', value: directory });
  for (const name of ['org_a', 'org_b', 'org_c']) await other.order({ call: 'make', value: name });
  await killProcess(other);
  const header = readFileSync(join(directory, 'main', 'tenants-0001.db')).subarray(60, 64);
  assert.equal(header.readUInt32BE(), 0, 'the header of the file itself is behind');
  const store = await openScratch(context, directory, { tablesPerFile: 3 });
  assert.equal((await store.documents.assignPlace('collection', idOf('org_d'))).database, 'tenants-0002');
  for (const name of ['org_a', 'org_b', 'org_c']) {
    assert.ok(await store.documents.hasCollection({ cluster: 'main', database: 'tenants-0001' }, name));
  }
});

test('after a gap in the numbers room is found in every file, and a new file comes after the last', async (context) => {
  const directory = await scratchDirectory(context);
  const first = await openScratch(context, directory, { tablesPerFile: 2 });
  await makeAll(first.documents, await assignMany(first.documents, 3));
  await first.close();
  renameSync(join(directory, 'main', 'tenants-0002.db'), join(directory, 'main', 'tenants-0007.db'));

  const { documents } = await openScratch(context, directory, { tablesPerFile: 2 });
  // A place whose file is gone is no reason to begin a file of its number.
  const gone = { cluster: 'main', database: 'tenants-0002' };
  await assert.rejects(documents.hasCollection(gone, 'org_2'), { code: 'storage_unavailable' });
  const places = await assignMany(documents, 2);
  assert.deepEqual(databasesOf(places), ['tenants-0007', 'tenants-0008']);
  await makeAll(documents, places);
  assert.ok(await documents.hasCollection({ ...gone, database: 'tenants-0007' }, 'org_2'));
});

test('a place that this engine never gave is refused', async (context) => {
  const { documents } = await openScratch(context, await scratchDirectory(context));
  for (const place of [
    { cluster: 'other', database: 'tenants-0001' },
    { cluster: 'main', database: '../master' },
    { cluster: 'main', database: 'tenants-0001/../../master' },
    { cluster: 'main', database: 'pooled-0001' },
    { cluster: 'main', database: idOf('org_acme') },
  ]) {
    await assert.rejects(documents.makeCollection(placeOf(place, 'org_acme')), RangeError);
  }
  const foreign = { cluster: 'main', database: idOf('org_other') };
  await assert.rejects(documents.makeCollection(placeOf(foreign, 'org_acme', 'database')), RangeError);
  await assert.rejects(documents.assignPlace('database', '../master'), RangeError);
  const good = { cluster: 'main', database: 'tenants-0001' };
  for (const name of ['slots', 'pooled', 'org_"']) {
    await assert.rejects(async () => documents.makeCollection(placeOf(good, name)), /not a name/);
  }
});
