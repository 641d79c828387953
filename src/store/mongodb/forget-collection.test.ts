import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Collection, MongoServerError } from 'mongodb';
import { makeTenant } from '../../../test/contract/documents-tenants.ts';
import {
  documentOf,
  documentsOf,
  insertAll,
  insertion,
  lateEnd,
  moved,
  nothing,
  readAll,
  usageOf,
  write,
} from '../../../test/contract/documents-writes.ts';
import { missing } from '../../../test/mongodb/address.ts';
import { plainClient } from '../../../test/mongodb/scratch.ts';
import { openProxied } from '../../../test/mongodb/store.ts';
import { type Slot, slotsCollection, usageIn } from './slots.ts';

suite('a collection that was emptied', { skip: missing, timeout: 120_000 }, () => {
  test('goes from the slots, while others write to them and no sum is wrong at any moment', async () => {
    await using ground = await openProxied([]);
    const { documents } = ground.store;
    const place = await makeTenant(documents, { level: 'pooled', collection_name: 'org_acme' });
    for (const document of documentsOf(20)) await insertAll(documents, place, [document], 'users');
    while (Number(await documents.removeSome(place, 'users', 3, lateEnd())) > 0);
    const slots = plainClient().db(place.database).collection<Slot>(slotsCollection);
    const working = { isDone: false };
    const watching = (async () => {
      const seen = new Set<number>();
      while (!working.isDone) seen.add((await documents.usage(place, 'users')).documents);
      return [...seen];
    })();
    const others = documentsOf(20, 'e');
    await Promise.all([
      documents.forgetCollection(place, 'users'),
      documents.forgetCollection(place, 'users'),
      ...others.map((document) => insertAll(documents, place, [document])),
    ]);
    working.isDone = true;
    assert.deepEqual(await watching, [0]);
    await documents.forgetCollection(place, 'users');
    const left = await slots.find().toArray();
    assert.ok(left.every(({ tallies }) => tallies['users'] === undefined));
    assert.deepEqual(usageIn(left), usageOf(others));
  });

  test('stays in the slots where they count something', async () => {
    await using ground = await openProxied([]);
    const { documents } = ground.store;
    const place = await makeTenant(documents, { level: 'pooled', collection_name: 'org_acme' });
    const stored = documentsOf(3);
    for (const document of stored) await insertAll(documents, place, [document]);
    await documents.forgetCollection(place, 'default');
    assert.deepEqual(await documents.usage(place), usageOf(stored));
  });

  test('too late, beside writes to the next of that name, is given up, and no sum is wrong', async (t) => {
    await using ground = await openProxied([]);
    const { documents } = ground.store;
    const place = await makeTenant(documents, { level: 'pooled', collection_name: 'org_acme' });
    for (const document of documentsOf(4)) await insertAll(documents, place, [document], 'users');
    let written = 4;
    const { find } = Collection.prototype;
    // The slots are counted up between the look at them and the move.
    t.mock.method(Collection.prototype, 'find', function list(this: Collection, ...args: Parameters<typeof find>) {
      const cursor = find.apply(this, args);
      if (this.collectionName !== slotsCollection) return cursor;
      const look = cursor.toArray.bind(cursor);
      const toArray = async () => {
        const found = await look();
        const counting = { 'tallies.users': { $exists: true } };
        written += (await this.updateMany(counting, { $inc: { 'tallies.users.documents': 1 } })).modifiedCount;
        return found;
      };
      return Object.assign(cursor, { toArray });
    });
    await assert.rejects(documents.forgetCollection(place, 'users'), { code: 'storage_unavailable' });
    t.mock.restoreAll();
    assert.equal((await documents.usage(place, 'users')).documents, written);
  });

  test('and dropped is not made anew by a write of before, not by one that was under way either', async () => {
    await using ground = await openProxied([]);
    const { documents } = ground.store;
    const stale = await makeTenant(documents, { level: 'collection', collection_name: 'org_acme' });
    await insertAll(documents, stale, [documentOf('a')], 'users');
    const database = plainClient().db(stale.database);
    await using session = plainClient().startSession();
    session.startTransaction({ readConcern: { level: 'snapshot' } });
    const slots = database.collection<Slot>(slotsCollection);
    await slots.findOne({}, { session });
    const place = { ...stale, epoch: stale.epoch + 1 };
    await documents.raiseEpoch(place);
    assert.equal(await documents.removeSome(place, 'users', 10, lateEnd()), 1);
    assert.equal(await documents.hasRemains(place, 'users'), true);
    await documents.dropRemains(place, 'users');
    assert.equal(await documents.hasRemains(place, 'users'), false);
    assert.deepEqual(await write(documents, stale, [insertion(documentOf('late'))], { collection: 'users' }), moved);
    // What a process does that was asleep since it began its transaction: the server refuses it here or at the slot.
    const matched = async () => {
      await database.collection<{ _id: string }>('org_acme.users').insertOne({ _id: 'late' }, { session });
      const own = { _id: `${stale.organization}/0`, epoch: stale.epoch };
      return (await slots.updateOne(own, { $set: { _commit: 'late' } }, { session })).matchedCount;
    };
    const refused = (error: unknown) => {
      if (error instanceof MongoServerError) return 0;
      throw error;
    };
    assert.equal(await matched().catch(refused), 0);
    await session.abortTransaction();
    assert.equal(await documents.hasRemains(place, 'users'), false);
    await documents.dropRemains(place, 'users');
    await documents.forgetCollection(place, 'users');
    assert.deepEqual(await documents.usage(place), nothing);
    await insertAll(documents, place, [documentOf('b')], 'users');
    assert.deepEqual(await readAll(documents, place, 'users'), [documentOf('b')]);
  });
});
