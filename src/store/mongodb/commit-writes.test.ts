import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { makeTenant } from '../../../test/contract/documents-tenants.ts';
import {
  allAtOnce,
  documentOf,
  done,
  idsOf,
  insertAll,
  insertion,
  nextOf,
  readAll,
  removal,
  replacement,
  tallyWrites,
  usageOf,
  write,
} from '../../../test/contract/documents-writes.ts';
import { missing } from '../../../test/mongodb/address.ts';
import type { CommandName } from '../../../test/mongodb/proxy.ts';
import { plainClient } from '../../../test/mongodb/scratch.ts';
import { openProxied } from '../../../test/mongodb/store.ts';
import type { DocumentChange, Documents, KeptAnswer, TenantPlace } from '../documents.ts';
import { keptCollection } from './kept-answers.ts';
import { type Slot, slotsCollection } from './slots.ts';

const unavailable = 'storage_unavailable';
const commands = ['insert', 'update', 'delete', 'commitTransaction'] as const;
const [changed, removed] = [documentOf('b', { b: 1 }), documentOf('c')];

async function openTenant() {
  const ground = await openProxied([]);
  const { documents } = ground.store;
  const place = await makeTenant(documents, { level: 'collection', collection_name: 'org_acme' });
  return { ...ground, documents, place };
}

function keptAnswer(id: string): KeptAnswer {
  return { id, request: 'r', answer: '{}', expires_at: '2999-01-01T00:00:00.000Z' };
}

/** What is there by the end of a test, and that it is counted. */
async function assertStored(documents: Documents, place: TenantPlace, ids: readonly string[]): Promise<void> {
  const stored = await readAll(documents, place);
  assert.deepEqual(idsOf(stored), ids.toSorted());
  assert.deepEqual(await documents.usage(place), usageOf(stored));
  assert.deepEqual(await documents.recount(place), { counted: usageOf(stored), slots: usageOf(stored) });
}

/** Each request of a group, and the collection that it is about. */
const requests: readonly (readonly [CommandName, string | undefined])[] = [
  ['update', keptCollection],
  ['insert', 'org_acme'],
  ['update', 'org_acme'],
  ['delete', 'org_acme'],
  ['update', slotsCollection],
  ['commitTransaction', undefined],
];

/** The first goes alone, and the others together. */
const mixed: readonly DocumentChange[] = [
  insertion(documentOf('first')),
  insertion(documentOf('a')),
  replacement(changed),
  removal(removed),
  insertion(documentOf('d')),
];

// Several at once: a server keeps the transaction of one of them open for a minute, and its database with it.
suite('writes that go together', { skip: missing, timeout: 180_000, concurrency: 4 }, () => {
  test('many that are in work at once take few requests, and all are done', async () => {
    await using ground = await openTenant();
    const { documents, place, proxy } = ground;
    const before = commands.map((command) => proxy.seen(command));
    const outcomes = await allAtOnce(100, (number) =>
      write(documents, place, [insertion(documentOf(`d${number}`, { number }))]),
    );
    const sent = commands.reduce((sum, command, at) => sum + proxy.seen(command) - (before[at] ?? 0), 0);
    assert.deepEqual(tallyWrites(outcomes), { done: 100 });
    // By themselves they would take 300; one goes alone, and the others together.
    assert.ok(sent <= 12, `${sent} requests`);
    await assertStored(
      documents,
      place,
      outcomes.map((_, number) => `d${number}`),
    );
  });

  for (const [command, collection] of requests) {
    for (const side of ['cutBefore', 'cutAfter'] as const) {
      const name = `${command}${collection === undefined ? '' : ` of ${collection}`}`;
      test(`each of those with ${name} ${side === 'cutBefore' ? 'cut off' : 'answered in vain'} is done once`, async () => {
        await using ground = await openTenant();
        const { documents, place, proxy } = ground;
        await insertAll(documents, place, [changed, removed]);
        const arrived = proxy.arrival('commitTransaction');
        const writing = allAtOnce(mixed.length, (number) =>
          write(documents, place, mixed.slice(number, number + 1), { keep: keptAnswer(`k${number}`) }),
        );
        await arrived;
        proxy[side](command, collection === undefined ? {} : { collection });
        assert.deepEqual(tallyWrites(await writing), { done: mixed.length });
        await assertStored(documents, place, ['first', 'a', 'b', 'd']);
        assert.deepEqual(await documents.getMany(place, 'default', ['b']), [nextOf(changed)]);
        for (const number of mixed.keys()) assert.ok(await documents.kept(place, `k${number}`));
      });
    }
  }

  test('one that does not hold is told so, and the others are done', async () => {
    await using ground = await openTenant();
    const { documents, place } = ground;
    await insertAll(documents, place, [documentOf('d7'), changed]);
    const outcomes = await allAtOnce(21, (number) => write(documents, place, [insertion(documentOf(`d${number}`))]));
    assert.deepEqual(tallyWrites(outcomes), { done: 20, exists: 1 });
    assert.deepEqual(outcomes[7], { result: 'exists', change: 0 });
    const stale = nextOf(changed);
    const others = await allAtOnce(4, (number) =>
      write(documents, place, [insertion(documentOf(`e${number}`)), ...(number === 2 ? [replacement(stale)] : [])]),
    );
    assert.deepEqual(others, [done, done, { result: 'conflict', change: 1 }, done]);
    const ids = outcomes.map((_, number) => `d${number}`);
    await assertStored(documents, place, ['b', 'e0', 'e1', 'e3', ...ids]);
  });

  test('of several with one answer to keep one is done, and an answer that is kept stands in the way of its own alone', async () => {
    await using ground = await openTenant();
    const { documents, place } = ground;
    await write(documents, place, [insertion(documentOf('before'))], { keep: keptAnswer('before') });
    const keys = ['first', 'a', 'before', 'b', 'a', 'c'];
    const outcomes = await allAtOnce(keys.length, (number) =>
      write(documents, place, [insertion(documentOf(`d${number}`))], { keep: keptAnswer(keys[number] ?? '') }),
    );
    const isDone = outcomes.map(({ result }) => result === 'done');
    assert.deepEqual(tallyWrites(outcomes), { done: 4, kept: 2 });
    assert.deepEqual(outcomes[2], { result: 'kept' });
    // Which of two is done is open where both go alone at once.
    assert.notEqual(isDone[1], isDone[4]);
    await assertStored(documents, place, ['before', ...outcomes.flatMap((_, at) => (isDone[at] ? `d${at}` : []))]);
  });

  test('many at once use up a quota to its last document, and no more', async () => {
    await using ground = await openTenant();
    const { documents, place } = ground;
    const quota = { documents: 30 };
    const outcomes = await allAtOnce(50, (number) =>
      write(documents, place, [insertion(documentOf(`d${number}`))], { quota }),
    );
    assert.deepEqual(tallyWrites(outcomes), { done: 30, full: 20 });
    await assertStored(
      documents,
      place,
      outcomes.flatMap(({ result }, number) => (result === 'done' ? `d${number}` : [])),
    );
  });

  test('many under a quota look at it together', async () => {
    await using ground = await openTenant();
    const { documents, place, proxy } = ground;
    const before = proxy.seen('find');
    const outcomes = await allAtOnce(50, (number) =>
      write(documents, place, [insertion(documentOf(`d${number}`))], { quota: { documents: 1_000, bytes: 1_000_000 } }),
    );
    assert.deepEqual(tallyWrites(outcomes), { done: 50 });
    const looks = proxy.seen('find') - before;
    assert.ok(looks <= 4, `${looks} looks`);
  });

  test('what one removes makes no room for another that would not fit', async () => {
    await using ground = await openTenant();
    const { documents, place } = ground;
    const stored = ['a', 'b', 'c', 'd'].map((id) => documentOf(id));
    await insertAll(documents, place, stored);
    const quota = { documents: 2 };
    const changes = [replacement(documentOf('a')), removal(documentOf('b')), insertion(documentOf('e'))];
    const outcomes = await allAtOnce(3, (number) =>
      write(documents, place, changes.slice(number, number + 1), { quota }),
    );
    assert.deepEqual(
      outcomes.map(({ result }) => result),
      ['done', 'done', 'full'],
    );
    await assertStored(documents, place, ['a', 'c', 'd']);
  });

  test('those that had begun before the epoch was raised are all refused, and have done nothing', async () => {
    await using ground = await openTenant();
    const { documents, place, proxy, scratch } = ground;
    const first = proxy.arrival('commitTransaction');
    const writing = allAtOnce(10, (number) => write(documents, place, [insertion(documentOf(`d${number}`))]));
    await first;
    await proxy.arrival('insert');
    proxy.hold();
    await scratch.database.collection<Slot>(slotsCollection).updateMany({}, { $set: { epoch: place.epoch + 1 } });
    proxy.release();
    assert.deepEqual(tallyWrites(await writing), { done: 1, moved: 9 });
    await assertStored(documents, { ...place, epoch: place.epoch + 1 }, ['d0']);
  });

  test('one that waits for the transaction of another program does not keep the others from being done', async () => {
    await using ground = await openTenant();
    const { documents, place, scratch } = ground;
    await insertAll(documents, place, [changed]);
    await using session = plainClient().startSession();
    session.startTransaction();
    const collection = scratch.database.collection<{ _id: string }>('org_acme');
    await collection.updateOne({ _id: changed.id }, { $set: { _commit: 'of another' } }, { session });
    const end = performance.now() + 4_000;
    const writes = [insertion(documentOf('a')), replacement(changed), insertion(documentOf('d'))];
    const outcomes = await Promise.allSettled(
      writes.map((change) => documents.write(place, { collection: 'default', changes: [change], quota: {} }, end)),
    );
    await session.abortTransaction();
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.result : outcome.reason.code)),
      ['done', 'busy', 'done'],
    );
    assert.deepEqual(await documents.getMany(place, 'default', ['b']), [changed]);
    await assertStored(documents, place, ['a', 'b', 'd']);
  });

  test('those that are held up until their end have done nothing, and do nothing later', async () => {
    await using ground = await openTenant();
    const { documents, place, proxy } = ground;
    const first = proxy.arrival('commitTransaction');
    const end = performance.now() + 2_500;
    const changes = ['first', 'a', 'd'].map((id) => insertion(documentOf(id)));
    const writing = changes.map((change) =>
      documents.write(place, { collection: 'default', changes: [change], quota: {} }, end),
    );
    const told = Promise.allSettled(writing);
    await first;
    await proxy.arrival('insert');
    proxy.hold();
    const outcomes = await told;
    proxy.release();
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.result : outcome.reason.code)),
      ['done', unavailable, unavailable],
    );
    assert.deepEqual(tallyWrites(await allAtOnce(2, () => write(documents, place, changes.slice(1, 2)))), {
      done: 1,
      exists: 1,
    });
    await assertStored(documents, place, ['first', 'a']);
  });
});
