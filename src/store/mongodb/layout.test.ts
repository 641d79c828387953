import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { note, notes } from '../../../test/contract/kinds.ts';
import { missing } from '../../../test/mongodb/address.ts';
import { type Scratch, scratchDatabase } from '../../../test/mongodb/scratch.ts';
import { silent } from '../../../test/mongodb/store.ts';
import { masterKinds } from '../../engine.ts';
import { defineKind, insert, type Kind, type Stored } from '../records.ts';
import { knownLayout } from './layout.ts';
import { type MongodbStore, openMongodb } from './open.ts';

async function open({ url, name }: Scratch, kinds: readonly Kind[] = [notes]): Promise<MongodbStore & AsyncDisposable> {
  const store = await openMongodb({ url, database: name, kinds, log: silent, startSeconds: 30 });
  return { ...store, [Symbol.asyncDispose]: store.close };
}

async function indexNames({ database }: Scratch, collection: string): Promise<string[]> {
  const indexes = await database.collection(collection).listIndexes().toArray();
  return indexes.map(({ name }) => String(name)).sort();
}

const noteIndexes = ['_id_', 'tenantry_many_topic', 'tenantry_unique_alias', 'tenantry_unique_slug'];

test('the indexes that are declared are those of the number of the layout: whoever changes one changes both', () => {
  const declared = Object.fromEntries(masterKinds.map(({ name, indexes }) => [name, { ...indexes }]));
  assert.deepEqual(
    [knownLayout, declared],
    [
      5,
      {
        organizations: { name_key: 'unique', collection_name: 'unique', admin_user_id: 'many', status: 'many' },
        collections: { key: 'unique', status: 'many' },
        users: { email_key: 'unique' },
        idempotency_keys: { expires_at: 'many' },
        clusters: { kind: 'many' },
        events: { organization_id: 'many', type_key: 'many', actor_key: 'many' },
        trails: { expires_at: 'many', pending_since: 'many' },
        relay_positions: {},
        instances: { started_at: 'many' },
        leases: {},
        signing_keys: {},
      },
    ],
  );
});

suite('the layout of a database', { skip: missing, timeout: 120_000 }, () => {
  test('ten stores that open a new database at once make one layout', async () => {
    await using scratch = scratchDatabase();
    const stores = await Promise.all(Array.from({ length: 10 }, () => open(scratch)));
    assert.deepEqual(await indexNames(scratch, 'notes'), noteIndexes);
    assert.deepEqual(await scratch.database.collection('tenantry').find().toArray(), [
      { _id: 'layout', layout: knownLayout },
    ]);
    for (const store of stores) await store.close();
  });

  test('collections of another program are refused by their names, and nothing of them is changed', async () => {
    await using scratch = scratchDatabase();
    const foreign = scratch.database.collection('notes');
    await foreign.createIndex({ organization_name: 1 }, { name: 'its own' });
    await foreign.insertOne({ organization_name: 'acme' });
    const before = await foreign.find().toArray();
    await assert.rejects(open(scratch), {
      name: 'StartError',
      exitCode: 78,
      message: new RegExp(`database ${scratch.name} holds notes of another program.*TENANTRY_DATABASE_NAME`),
    });
    assert.deepEqual(await foreign.find().toArray(), before);
    assert.deepEqual(await indexNames(scratch, 'notes'), ['_id_', 'its own']);
    const standing = await scratch.database.listCollections({}, { nameOnly: true }).toArray();
    assert.deepEqual(
      standing.map(({ name }) => name),
      ['notes'],
    );
  });

  test('an older layout becomes that of the program, with its data', async () => {
    await using scratch = scratchDatabase();
    const former = await open(scratch);
    await former.records.commit([insert(notes, note('kept', { slug: 'kept' }))]);
    await former.close();
    const layouts = scratch.database.collection<{ _id: string; layout: number }>('tenantry');
    await layouts.updateOne({ _id: 'layout' }, { $set: { layout: knownLayout - 1 } });
    await using store = await open(scratch);
    await store.ready();
    assert.deepEqual(await layouts.find().toArray(), [{ _id: 'layout', layout: knownLayout }]);
    assert.deepEqual(await store.records.get(notes, 'kept'), note('kept', { slug: 'kept' }));
  });

  test('an older layout beside which another program has a collection of a kind that is new is refused', async () => {
    await using scratch = scratchDatabase();
    await (await open(scratch, [])).close();
    const layouts = scratch.database.collection<{ _id: string; layout: number }>('tenantry');
    await layouts.updateOne({ _id: 'layout' }, { $set: { layout: knownLayout - 1 } });
    await scratch.database.collection('notes').insertOne({ slug: 'of another' });
    await assert.rejects(open(scratch), { exitCode: 78, message: /holds notes of another program/ });
    assert.deepEqual(await indexNames(scratch, 'notes'), ['_id_']);
  });

  test('a newer layout is refused, and stays', async () => {
    await using scratch = scratchDatabase();
    const layouts = scratch.database.collection<{ _id: string; layout: number }>('tenantry');
    await layouts.insertOne({ _id: 'layout', layout: knownLayout + 1 });
    await assert.rejects(open(scratch), { exitCode: 78, message: /has layout \d+, made by a newer Tenantry/ });
    assert.deepEqual(await layouts.find().toArray(), [{ _id: 'layout', layout: knownLayout + 1 }]);
  });

  test('an index that is declared otherwise is made anew, and one of the operator’s own stays', async () => {
    await using scratch = scratchDatabase();
    const former = defineKind<Stored & { readonly slug: string; readonly topic: string }>()('notes', {
      slug: 'many',
      topic: 'unique',
    });
    await (await open(scratch, [former])).close();
    await scratch.database.collection('notes').createIndex({ body: 1 }, { name: 'of_the_operator' });
    await using store = await open(scratch);
    assert.deepEqual(await indexNames(scratch, 'notes'), [...noteIndexes, 'of_the_operator'].sort());
    await store.records.commit([insert(notes, note('a', { topic: 't' })), insert(notes, note('b', { topic: 't' }))]);
    assert.equal((await store.records.list(notes, 'topic', { limit: 10 })).length, 2);
  });

  test('a store whose database was dropped is not ready', async () => {
    await using scratch = scratchDatabase();
    await using store = await open(scratch);
    await store.ready();
    await scratch.database.dropDatabase();
    await assert.rejects(store.ready(), { code: 'storage_unavailable' });
  });

  test('a store whose database was dropped takes nothing new: there is no index that would keep a key unique', async () => {
    await using scratch = scratchDatabase();
    await using store = await open(scratch);
    await store.records.commit([insert(notes, note('a', { slug: 'taken' }))]);
    await scratch.database.dropDatabase();
    const pair = [insert(notes, note('b', { slug: 'taken' })), insert(notes, note('c'))];
    await assert.rejects(store.records.commit(pair), { code: 'storage_unavailable' });
    await assert.rejects(store.records.commit([insert(notes, note('d'))]), { code: 'storage_unavailable' });
    assert.deepEqual(await scratch.database.listCollections().toArray(), []);
  });

  test('a collection of the name of ours that another program made is refused, and stays as it is', async () => {
    await using scratch = scratchDatabase();
    await scratch.database.collection('tenantry').insertOne({ a: 1 });
    const before = await scratch.database.collection('tenantry').find().toArray();
    await assert.rejects(open(scratch), {
      exitCode: 78,
      message: new RegExp(`${scratch.name} holds tenantry of another program`),
    });
    assert.deepEqual(await scratch.database.collection('tenantry').find().toArray(), before);
  });

  test('the lock of one that died before it made anything is no program of others', async () => {
    await using scratch = scratchDatabase();
    const locks = scratch.database.collection<{ _id: string; owner: string; beat: number }>('tenantry');
    await locks.insertOne({ _id: 'lock', owner: 'one that is about to end', beat: 0 });
    const waited: string[] = [];
    const log = {
      ...silent,
      info(_: object, message: string) {
        waited.push(message);
        if (message.includes('is waited for')) locks.deleteOne({ _id: 'lock' });
      },
    };
    const store = await openMongodb({
      url: scratch.url,
      database: scratch.name,
      kinds: [notes],
      log,
      startSeconds: 30,
    });
    await store.close();
    assert.deepEqual(waited, [
      'another instance changes the layout of the database, or died over it; it is waited for',
      'the layout of the database was made',
    ]);
  });

  test('a command of the operator makes no data where there is none', async () => {
    await using scratch = scratchDatabase();
    const { url, name: database } = scratch;
    const opening = openMongodb({ url, database, kinds: [notes], log: silent, startSeconds: 30, mustExist: true });
    await assert.rejects(opening, { exitCode: 78, message: /no data of Tenantry in the database/ });
    assert.deepEqual(await scratch.database.listCollections().toArray(), []);
  });
});
