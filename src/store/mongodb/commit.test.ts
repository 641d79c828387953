import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { conflict, done, duplicate } from '../../../test/contract/expect.ts';
import { note, notes } from '../../../test/contract/kinds.ts';
import { missing } from '../../../test/mongodb/address.ts';
import type { CommandName } from '../../../test/mongodb/proxy.ts';
import { plainClient } from '../../../test/mongodb/scratch.ts';
import { openProxied } from '../../../test/mongodb/store.ts';
import { eventually } from '../../../test/service/eventually.ts';
import { check, insert, type RecordChange, remove, replace } from '../records.ts';

const unavailable = { code: 'storage_unavailable', retryAfterSeconds: 5 };
const busy = { code: 'busy', retryAfterSeconds: 1 };

/** Each single change, by the command that carries it. */
const singles: readonly { readonly name: string; readonly command: CommandName; readonly change: RecordChange }[] = [
  { name: 'an insert', command: 'insert', change: insert(notes, note('new', { slug: 'new' })) },
  { name: 'a replace', command: 'update', change: replace(notes, note('old', { slug: 'changed' })) },
  { name: 'a check', command: 'update', change: check(notes, note('old')) },
  { name: 'a removal', command: 'delete', change: remove(notes, note('old')) },
];

const pair = [insert(notes, note('new', { slug: 'new' })), replace(notes, note('old', { slug: 'changed' }))];

// Several at once: a server keeps the transaction of one of them open for a minute, and its database with it.
suite('commits whose connection is cut', { skip: missing, timeout: 180_000, concurrency: 4 }, () => {
  for (const { name, command, change } of singles) {
    test(`${name} that did not reach the server is sent again, and done`, async () => {
      await using ground = await openProxied([notes]);
      const { records } = ground.store;
      await records.commit([insert(notes, note('old', { slug: 'old' }))]);
      ground.proxy.cutBefore(command, { collection: 'notes' });
      assert.deepEqual(await records.commit([change]), done);
    });
  }

  for (const { name, command, change } of singles.filter(({ change: { op } }) => op !== 'remove')) {
    test(`${name} whose answer is lost is known to be done, and is done once`, async () => {
      await using ground = await openProxied([notes]);
      const { records } = ground.store;
      await records.commit([insert(notes, note('old', { slug: 'old' }))]);
      ground.proxy.cutAfter(command, { collection: 'notes' });
      assert.deepEqual(await records.commit([change]), done);
      const { id, version } = change.record;
      assert.equal((await records.get(notes, id))?.version, change.op === 'replace' ? version + 1 : version);
    });
  }

  test('a removal whose answer is lost is not guessed: nothing is left to tell who removed it', async () => {
    await using ground = await openProxied([notes]);
    const { records } = ground.store;
    await records.commit([insert(notes, note('old'))]);
    ground.proxy.cutAfter('delete');
    await assert.rejects(records.commit([remove(notes, note('old'))]), unavailable);
    assert.equal(await records.get(notes, 'old'), undefined);
  });

  for (const command of ['insert', 'update', 'commitTransaction'] as const) {
    for (const side of ['cutBefore', 'cutAfter'] as const) {
      test(`a transaction with ${command} ${side === 'cutBefore' ? 'cut off' : 'answered in vain'} is done once, whole`, async () => {
        await using ground = await openProxied([notes]);
        const { records } = ground.store;
        await records.commit([insert(notes, note('old', { slug: 'old' }))]);
        ground.proxy[side](command);
        assert.deepEqual(await records.commit(pair), done);
        assert.deepEqual(await records.getMany(notes, ['new', 'old']), [
          note('new', { slug: 'new' }),
          { id: 'old', version: 2, slug: 'changed' },
        ]);
      });
    }
  }

  test('what others did meanwhile is never taken for our own: a key that is taken is told, or the commit is not', async () => {
    await using ground = await openProxied([notes]);
    const { records } = ground.store;
    ground.proxy.cutBefore('insert', { collection: 'notes' });
    const taken = { _id: 'other', version: 1, slug: 'new', _commit: 'of another' } as const;
    await ground.scratch.database.collection<typeof taken>('notes').insertOne(taken);
    // The lost attempt may arrive yet, as far as anybody can tell.
    await assert.rejects(records.commit([insert(notes, note('new', { slug: 'new' }))]), unavailable);
    assert.deepEqual(await records.commit([insert(notes, note('new', { slug: 'new' }))]), duplicate(notes, 'slug'));
    assert.deepEqual(
      await records.commit([replace(notes, note('other')), replace(notes, note('nobody'))]),
      conflict(notes, 'nobody'),
    );
  });

  // Of one operation that the server gave up it is not told that others were in its way.
  for (const [name, changes, refused] of [
    ['one change', pair.slice(1), unavailable],
    ['a transaction', pair, busy],
  ] as const) {
    test(`${name} that waits for another's transaction until its end has done nothing, and does nothing later`, async () => {
      await using ground = await openProxied([notes]);
      const { records } = ground.store;
      await records.commit([insert(notes, note('old', { slug: 'old' }))]);
      await using session = plainClient().startSession();
      session.startTransaction();
      const collection = ground.scratch.database.collection<{ _id: string }>('notes');
      await collection.updateOne({ _id: 'old' }, { $set: { _commit: 'of another' } }, { session });
      await assert.rejects(records.commit(changes, performance.now() + 1_500), refused);
      await session.abortTransaction();
      // It would stand in line behind what is left of the first.
      assert.deepEqual(await records.commit([check(notes, note('old', { slug: 'old' }))]), done);
      assert.deepEqual(await records.list(notes, 'slug', { limit: 10 }), [note('old', { slug: 'old' })]);
    });
  }

  test('a transaction whose writes are answered after its end is not committed', async () => {
    await using ground = await openProxied([notes]);
    const { records } = ground.store;
    await records.commit([insert(notes, note('old', { slug: 'old' }))]);
    ground.proxy.delay(800);
    await assert.rejects(records.commit(pair, performance.now() + 2_000), unavailable);
    ground.proxy.mend();
    assert.deepEqual(await records.commit(pair), done);
    assert.equal(ground.proxy.seen('commitTransaction'), 1);
  });

  for (const [name, changes] of Object.entries({ 'one change': pair.slice(1), 'a transaction': pair })) {
    test(`${name} for which no server comes in time is not sent when one comes later`, async () => {
      await using ground = await openProxied([notes]);
      const { store, proxy } = ground;
      await store.records.commit([insert(notes, note('old', { slug: 'old' }))]);
      const sent = proxy.seen('update') + proxy.seen('insert');
      proxy.refuse();
      await assert.rejects(store.records.commit(changes, performance.now() + 2_500), unavailable);
      proxy.mend();
      await eventually(() => store.ready());
      assert.equal(proxy.seen('update') + proxy.seen('insert'), sent);
      assert.deepEqual(await store.records.commit(changes), done);
    });
  }

  test('a transaction whose commit was cut off, and for which no server comes in time, is not committed when one comes later', async () => {
    await using ground = await openProxied([notes]);
    const { store, proxy } = ground;
    await store.records.commit([insert(notes, note('old', { slug: 'old' }))]);
    const committing = proxy.arrival('commitTransaction');
    proxy.cutBefore('commitTransaction');
    const cut = assert.rejects(store.records.commit(pair, performance.now() + 2_500), unavailable);
    await committing;
    proxy.refuse();
    await cut;
    proxy.mend();
    await eventually(() => store.ready());
    assert.equal(proxy.seen('commitTransaction'), 1);
    assert.equal(await store.records.get(notes, 'new'), undefined);
  });

  test('of a transaction whose first write was cut off nothing is decided: it tells a key that is taken, and a version that moved', async () => {
    await using ground = await openProxied([notes]);
    const { records } = ground.store;
    await records.commit([insert(notes, note('old', { slug: 'old' }))]);
    ground.proxy.cutBefore('insert');
    const taken = [insert(notes, note('new', { slug: 'old' })), check(notes, note('old'))];
    assert.deepEqual(await records.commit(taken), duplicate(notes, 'slug'));
    ground.proxy.cutBefore('update');
    const stale = [replace(notes, { id: 'old', version: 2 }), insert(notes, note('new'))];
    assert.deepEqual(await records.commit(stale), conflict(notes, 'old'));
  });

  test('a commit that is never answered ends within its time, as one of which nobody can tell', async () => {
    await using ground = await openProxied([notes]);
    const { records } = ground.store;
    await records.commit([insert(notes, note('old'))]);
    const begun = performance.now();
    const arrived = ground.proxy.arrival('update');
    ground.proxy.hold();
    const committing = records.commit([replace(notes, note('old'))]);
    await Promise.all([arrived, assert.rejects(committing, unavailable)]);
    assert.ok(performance.now() - begun < 8_000, 'five seconds, and room for a machine that is busy');
  });
});
