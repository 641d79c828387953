import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { makeTenant } from '../../../test/contract/documents-tenants.ts';
import {
  documentOf,
  done,
  insertAll,
  insertion,
  lateEnd,
  moved,
  nextOf,
  readAll,
  removal,
  replacement,
  usageOf,
  write,
} from '../../../test/contract/documents-writes.ts';
import { missing } from '../../../test/mongodb/address.ts';
import type { CommandName } from '../../../test/mongodb/proxy.ts';
import { plainClient } from '../../../test/mongodb/scratch.ts';
import { openProxied, type ProxiedStore } from '../../../test/mongodb/store.ts';
import { eventually } from '../../../test/service/eventually.ts';
import type { TenantryError } from '../../errors.ts';
import { type Slot, slotsCollection } from './slots.ts';

const unavailable = { code: 'storage_unavailable', retryAfterSeconds: 5 };

const [replaced, removed, inserted] = [documentOf('a', { a: 1 }), documentOf('b'), documentOf('c', { c: [] })];
const changes = [insertion(inserted), replacement(replaced), removal(removed)];
const afterwards = [nextOf(replaced), inserted];

/** An organization that has what the changes expect. */
async function openTenant({ store: { documents } }: ProxiedStore) {
  const place = await makeTenant(documents, { level: 'collection', collection_name: 'org_acme' });
  await insertAll(documents, place, [replaced, removed]);
  return { documents, place };
}

/** Each request of a write, and the collection that it is about. */
const requests: readonly (readonly [CommandName, string | undefined])[] = [
  ['insert', 'org_acme'],
  ['update', 'org_acme'],
  ['delete', 'org_acme'],
  ['update', slotsCollection],
  ['commitTransaction', undefined],
];

// Several at once: a server keeps the transaction of one of them open for a minute, and its database with it.
suite('writes whose connection is cut', { skip: missing, timeout: 180_000, concurrency: 4 }, () => {
  for (const [command, collection] of requests) {
    for (const side of ['cutBefore', 'cutAfter'] as const) {
      const name = `${command}${collection === undefined ? '' : ` of ${collection}`}`;
      test(`a write with ${name} ${side === 'cutBefore' ? 'cut off' : 'answered in vain'} is done once, whole`, async () => {
        await using ground = await openProxied([]);
        const { documents, place } = await openTenant(ground);
        ground.proxy[side](command, collection === undefined ? {} : { collection });
        assert.deepEqual(await write(documents, place, changes), done);
        assert.deepEqual(await readAll(documents, place), afterwards);
        assert.deepEqual(await documents.usage(place), usageOf(afterwards));
      });
    }
  }

  test('a removal whose answer is lost is known to be done by its slot', async () => {
    await using ground = await openProxied([]);
    const { documents, place } = await openTenant(ground);
    ground.proxy.cutAfter('commitTransaction');
    assert.deepEqual(await write(documents, place, [removal(removed)]), done);
    ground.proxy.cutAfter('commitTransaction');
    assert.equal(await documents.removeSome(place, 'default', 10, lateEnd()), 1);
    assert.deepEqual(await documents.usage(place), { documents: 0, bytes: 0 });
  });

  test('a removal whose answer is lost, and whose slot others have written since, is never told as a conflict', async () => {
    await using ground = await openProxied([]);
    const { documents, place } = await openTenant(ground);
    ground.proxy.cutAfter('commitTransaction');
    const arrived = ground.proxy.arrival('commitTransaction');
    const writing = write(documents, place, [removal(removed)]).then(
      ({ result }) => result,
      (error: TenantryError) => error.code,
    );
    await arrived;
    await ground.scratch.database.collection(slotsCollection).updateMany({}, { $set: { _commit: 'of another' } });
    const told = await writing;
    assert.ok(told === 'done' || told === 'storage_unavailable', told);
    assert.deepEqual(await readAll(documents, place), [replaced]);
    assert.deepEqual(await documents.usage(place), usageOf([replaced]));
  });

  test('a write whose answer is lost does not find what itself has kept', async () => {
    await using ground = await openProxied([]);
    const { documents, place } = await openTenant(ground);
    const keep = { id: 'k', request: 'r', answer: '{}', expires_at: '2999-01-01T00:00:00.000Z' };
    ground.proxy.cutAfter('commitTransaction');
    assert.deepEqual(await write(documents, place, changes, { keep }), done);
    assert.deepEqual(await write(documents, place, changes, { keep }), { result: 'kept' });
    assert.deepEqual(await documents.kept(place, 'k'), keep);
  });

  test('a write of whose first request nothing arrived tells a document that exists, and a version that moved', async () => {
    await using ground = await openProxied([]);
    const { documents, place } = await openTenant(ground);
    ground.proxy.cutBefore('insert');
    const taken = [insertion(inserted), insertion(replaced)];
    assert.deepEqual(await write(documents, place, taken), { result: 'exists', change: 1 });
    ground.proxy.cutBefore('update');
    const stale = [replacement(nextOf(replaced)), insertion(inserted)];
    assert.deepEqual(await write(documents, place, stale), { result: 'conflict', change: 0 });
  });

  test('a write that waits for the transaction of another until its end has done nothing, and does nothing later', async () => {
    await using ground = await openProxied([]);
    const { documents, place } = await openTenant(ground);
    await using session = plainClient().startSession();
    session.startTransaction();
    const collection = ground.scratch.database.collection<{ _id: string }>('org_acme');
    await collection.updateOne({ _id: replaced.id }, { $set: { _commit: 'of another' } }, { session });
    const waiting = { collection: 'default', changes, quota: {} };
    await assert.rejects(documents.write(place, waiting, performance.now() + 1_500), {
      code: 'busy',
      retryAfterSeconds: 1,
    });
    await session.abortTransaction();
    assert.deepEqual(await readAll(documents, place), [replaced, removed]);
    assert.deepEqual(await write(documents, place, changes), done);
  });

  test('a write for which no server comes in time is not sent when one comes later', async () => {
    await using ground = await openProxied([]);
    const { documents, place } = await openTenant(ground);
    const sent = ground.proxy.seen('insert');
    ground.proxy.refuse();
    const late = { collection: 'default', changes, quota: {} };
    await assert.rejects(documents.write(place, late, performance.now() + 2_500), unavailable);
    ground.proxy.mend();
    await eventually(() => ground.store.ready());
    assert.equal(ground.proxy.seen('insert'), sent);
    assert.deepEqual(await write(documents, place, changes), done);
  });

  test('a write that had begun before the epoch was raised is refused, and has done nothing', async () => {
    await using ground = await openProxied([]);
    const { documents, place } = await openTenant(ground);
    const arrived = ground.proxy.arrival('insert');
    const writing = write(documents, place, changes);
    await arrived;
    ground.proxy.hold();
    const slots = ground.scratch.database.collection<Slot>(slotsCollection);
    await slots.updateMany({}, { $set: { epoch: place.epoch + 1 } });
    ground.proxy.release();
    assert.deepEqual(await writing, moved);
    assert.deepEqual(await readAll(documents, place), [replaced, removed]);
    assert.deepEqual(await documents.usage(place), usageOf([replaced, removed]));
  });
});
