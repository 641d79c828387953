import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { suite, type TestContext, test } from 'node:test';
import { Collection, Db, MongoServerError } from 'mongodb';
import { makeTenant } from '../../../test/contract/documents-tenants.ts';
import {
  documentOf,
  documentsOf,
  insertAll,
  insertion,
  moved,
  nothing,
  readAll,
  usageOf,
  write,
} from '../../../test/contract/documents-writes.ts';
import { missing } from '../../../test/mongodb/address.ts';
import type { CommandName } from '../../../test/mongodb/proxy.ts';
import { plainClient } from '../../../test/mongodb/scratch.ts';
import { openProxied, type ProxiedStore } from '../../../test/mongodb/store.ts';
import type { Level, TenantPlace } from '../documents.ts';
import { slotIdsOf, slotsCollection } from './slots.ts';

const unavailable = { code: 'storage_unavailable' };
const stored = documentsOf(5);
const keep = { id: 'k', request: 'r', answer: '{}', expires_at: '2999-01-01T00:00:00.000Z' };

/** An organization that has documents in three collections and a kept answer. */
async function openTenant({ store: { documents } }: ProxiedStore, level: Level): Promise<TenantPlace> {
  const place = await makeTenant(documents, { level, collection_name: 'org_acme' });
  for (const collection of ['default', 'users', 'notes']) await insertAll(documents, place, stored, collection);
  await write(documents, place, [insertion(documentOf('z'))], { keep });
  return place;
}

/** The names of what is left of an organization on the server. */
async function leftOf(ground: ProxiedStore, place: TenantPlace): Promise<string[]> {
  const database = plainClient().db(place.database);
  const standing = (await database.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);
  const own = { _id: { $regex: `^${place.organization}/` } } as object;
  const left = standing.filter((name) => name.startsWith(place.collection_name));
  for (const name of ['tenantry_pooled', slotsCollection, 'tenantry_kept']) {
    if ((await ground.scratch.database.collection(name).countDocuments(own)) > 0) left.push(name);
  }
  return place.level === 'database' ? [...standing, ...left] : left;
}

/** Has MongoDB's profiling on in a database, as it is seen from outside; DocumentDB has none. */
function profile(t: TestContext, database: string): void {
  const name = 'system.profile';
  const { listCollections } = Db.prototype;
  const { drop } = Collection.prototype;
  t.mock.method(Db.prototype, 'listCollections', function list(this: Db, ...args: Parameters<Db['listCollections']>) {
    const cursor = listCollections.apply(this, args);
    if (this.databaseName !== database) return cursor;
    // After the database was dropped the next request makes it anew, since that is profiled too.
    const profiled = { name, type: 'collection', info: { uuid: randomUUID() } };
    return { toArray: async () => [profiled, ...(await cursor.toArray())] };
  });
  t.mock.method(Collection.prototype, 'drop', async function dropped(this: Collection) {
    if (this.collectionName !== name) return await drop.apply(this);
    throw new MongoServerError({ code: 20, message: 'turn off profiling before dropping system.profile collection' });
  });
}

/** By level, each request of a drop after the closing of the slots. */
const steps: Readonly<Record<string, readonly CommandName[]>> = {
  pooled: ['update', 'find', 'delete', 'findAndModify'],
  collection: ['update', 'find', 'listCollections', 'drop', 'delete', 'findAndModify'],
  database: ['update', 'listCollections', 'drop', 'dropDatabase', 'delete', 'findAndModify'],
};

// Most of the time is the patience with a request that is cut each time.
suite('drops that end half way', { skip: missing, timeout: 240_000, concurrency: 8 }, () => {
  for (const [level, commands] of Object.entries(steps)) {
    for (const command of commands) {
      for (const side of ['cutBefore', 'cutAfter'] as const) {
        test(`at the level ${level}, by ${command} ${side === 'cutBefore' ? 'cut off' : 'answered in vain'}, are finished by the next`, async () => {
          await using ground = await openProxied([]);
          const { documents } = ground.store;
          const place = await openTenant(ground, level as Level);
          ground.proxy[side](command, { always: true });
          await assert.rejects(documents.dropCollection(place), unavailable);
          ground.proxy.mend();
          await documents.dropCollection(place);
          assert.deepEqual(await leftOf(ground, place), []);
          assert.deepEqual(await write(documents, place, [insertion(documentOf('late'))]), moved);
          assert.deepEqual(await leftOf(ground, place), []);
        });
      }
    }
  }

  test('take no write once they began', async () => {
    await using ground = await openProxied([]);
    const { documents } = ground.store;
    const place = await openTenant(ground, 'collection');
    ground.proxy.cutBefore('drop', { always: true });
    await assert.rejects(documents.dropCollection(place), unavailable);
    assert.deepEqual(await write(documents, place, [insertion(documentOf('late'))]), moved);
    await documents.makeCollection(place);
    assert.deepEqual(await write(documents, place, [insertion(documentOf('late'))]), moved);
  });
});

suite('drops', { skip: missing, timeout: 60_000 }, () => {
  test('leave collections of other programs, whose names only begin like the organization’s', async () => {
    await using ground = await openProxied([]);
    const { documents } = ground.store;
    const place = await openTenant(ground, 'collection');
    const others = ['org_acme.of_others', 'org_acme_2', 'org_acme2.users'];
    for (const name of others) await ground.scratch.database.collection(name).insertOne({});
    const usage = await documents.dropCollection(place);
    assert.deepEqual(usage, usageOf([...stored, ...stored, ...stored, documentOf('z')]));
    for (const name of others) assert.equal(await documents.hasCollection(place, name), true);
    assert.deepEqual((await leftOf(ground, place)).toSorted(), others.toSorted());
  });

  test('end beside collections that the server keeps for itself and does not drop', async (t) => {
    await using ground = await openProxied([]);
    const { documents } = ground.store;
    const place = await openTenant(ground, 'database');
    profile(t, place.database);
    await documents.dropCollection(place);
    t.mock.restoreAll();
    assert.deepEqual(await leftOf(ground, place), []);
  });

  test('refuse the master database as an organization’s own', async () => {
    await using ground = await openProxied([]);
    const { documents } = ground.store;
    const place = await openTenant(ground, 'collection');
    await assert.rejects(documents.dropCollection({ ...place, level: 'database' }), RangeError);
    assert.equal((await readAll(documents, place)).length, 6);
    assert.deepEqual(await documents.usage({ ...place, organization: slotIdsOf(place)[0] ?? '' }), nothing);
  });
});
