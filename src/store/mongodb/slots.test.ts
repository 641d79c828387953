import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { makeTenant } from '../../../test/contract/documents-tenants.ts';
import {
  allAtOnce,
  documentOf,
  insertAll,
  insertion,
  nextOf,
  readAll,
  removal,
  replacement,
  usageOf,
  writeDone,
} from '../../../test/contract/documents-writes.ts';
import { openGround } from '../../../test/contract/ground.ts';
import { engine } from '../../../test/contract/mongodb.ts';
import { missing } from '../../../test/mongodb/address.ts';
import { plainClient } from '../../../test/mongodb/scratch.ts';
import { type Slot, slotIdsOf, slotsCollection, usageIn } from './slots.ts';

suite('slots', { skip: missing, timeout: 60_000 }, () => {
  test('count what 32 writers write at once through two stores, and all of them are written to', async () => {
    await using ground = await openGround(engine);
    const place = await makeTenant(ground.documents, { level: 'collection', collection_name: 'org_acme' });
    const collections = ['default', 'users'] as const;
    await allAtOnce(32, async (writer) => {
      const documents = ground.documentsOf(writer);
      const collection = collections[writer % 3 === 0 ? 0 : 1];
      const [kept, replaced, removed] = ['kept', 'replaced', 'removed'].map((id) =>
        documentOf(`${id}${writer}`, { id }),
      );
      assert.ok(kept && replaced && removed);
      await insertAll(documents, place, [kept, replaced, removed], collection);
      await writeDone(documents, place, [replacement(replaced), removal(removed)], { collection });
      await writeDone(documents, place, [insertion(removed), replacement(nextOf(replaced))], { collection });
    });
    const slots = await plainClient().db(place.database).collection<Slot>(slotsCollection).find().toArray();
    assert.deepEqual(slots.map(({ _id }) => _id).toSorted(), slotIdsOf(place).toSorted());
    assert.ok(slots.every((slot) => slot._commit !== undefined));
    let total = 0;
    for (const collection of collections) {
      const stored = await readAll(ground.documents, place, collection);
      assert.deepEqual(usageIn(slots, collection), usageOf(stored));
      assert.deepEqual(await ground.documentsOf(1).usage(place, collection), usageOf(stored));
      total += stored.length;
    }
    assert.equal(total, 3 * 32);
    assert.equal((await ground.documents.usage(place)).documents, total);
  });

  test('that are missing are made again with nothing and the epoch of the place, and those that stand stay', async () => {
    await using ground = await openGround(engine);
    const { documents } = ground;
    const place = await makeTenant(documents, { level: 'collection', collection_name: 'org_acme' });
    await insertAll(documents, place, [documentOf('a')]);
    const slots = plainClient().db(place.database).collection<Slot>(slotsCollection);
    const counting = await slots.findOne({ _commit: { $exists: true } });
    assert.ok(counting);
    await slots.deleteMany({ _id: { $ne: counting._id } });
    await documents.makeCollection({ ...place, epoch: 2 });
    assert.deepEqual(await slots.findOne({ _id: counting._id }), counting);
    assert.equal(await slots.countDocuments({ epoch: 2, tallies: {} }), 15);
  });

  test('that are wrong are put right by a recount, those of collections that nobody wrote to by us too', async () => {
    await using ground = await openGround(engine);
    const { documents } = ground;
    const place = await makeTenant(documents, { level: 'collection', collection_name: 'org_acme' });
    await insertAll(documents, place, [documentOf('a')], 'users');
    const database = plainClient().db(place.database);
    await database.collection<{ _id: string }>('org_acme').insertOne({ _id: 'foreign' });
    await database
      .collection<Slot>(slotsCollection)
      .updateOne(
        { _id: slotIdsOf(place)[3] ?? '' },
        { $inc: { 'tallies.users.documents': 7, 'tallies.users.bytes': -3 } },
      );
    const { counted, slots } = await documents.recount(place);
    assert.deepEqual([counted.documents, slots.documents], [2, 8]);
    assert.deepEqual(await documents.usage(place), counted);
    assert.deepEqual(await documents.recount(place), { counted, slots: counted });
  });
});
