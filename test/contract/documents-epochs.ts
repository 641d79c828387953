import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keptAnswer } from './documents-kept.ts';
import { assignTenant, type Stage } from './documents-tenants.ts';
import {
  allAtOnce,
  assertNotThere,
  documentOf,
  documentsOf,
  emptyPage,
  insertAll,
  insertion,
  lateEnd,
  listPage,
  moved,
  nothing,
  readAll,
  removal,
  replacement,
  tallyWrites,
  usageOf,
  write,
  writeDone,
} from './documents-writes.ts';
import { shareOf } from './engine.ts';

/** That a write counts only under the epoch of the slots, and only where there are slots. */
export function documentsEpochs(stage: Stage): void {
  describe('epochs', () => {
    refusingOldEpochs(stage);
    raisingAgain(stage);
    refusingTheDropped(stage);
  });
}

function refusingOldEpochs(stage: Stage): void {
  test('a write of an old epoch changes nothing, whatever it would do', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const stored = documentsOf(3);
    const [first] = stored;
    assert.ok(first);
    await insertAll(tenants.documents, acme, stored);
    await tenants.raise(acme);
    for (const [turn, change] of [insertion(documentOf('x')), replacement(first), removal(first)].entries()) {
      const keep = keptAnswer('key', 'late');
      assert.deepEqual(await write(tenants.documentsOf(turn), acme, [change], { keep }), moved);
    }
    assert.equal(await tenants.documents.removeSome(acme, 'default', 10, lateEnd()), 'moved');
    assert.deepEqual(await readAll(tenants.documents, acme), stored);
    assert.deepEqual(await tenants.documents.usage(acme), usageOf(stored));
    assert.equal(await tenants.documents.kept(acme, 'key'), undefined);
  });

  test('once the epoch is raised every write of the old one is refused, however many there are', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const raised = await tenants.raise(acme);
    const count = shareOf(stage.engine, 200);
    const outcomes = await allAtOnce(count, (number) =>
      write(tenants.documentsOf(number), acme, [insertion(documentOf(`d${number}`))]),
    );
    assert.deepEqual(tallyWrites(outcomes), { moved: count });
    const others = await allAtOnce(count, (number) =>
      write(tenants.documentsOf(number), raised, [insertion(documentOf(`d${number}`))]),
    );
    assert.deepEqual(tallyWrites(others), { done: count });
  });

  test('a write of an epoch that the slots do not have yet is refused', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const ahead = { ...acme, epoch: acme.epoch + 1 };
    assert.deepEqual(await write(tenants.documents, ahead, [insertion(documentOf('a'))]), moved);
    assert.equal(await tenants.documents.removeSome(ahead, 'default', 10, lateEnd()), 'moved');
    assert.deepEqual(await readAll(tenants.documents, acme), []);
    await writeDone(tenants.documents, acme, [insertion(documentOf('a'))]);
  });
}

function raisingAgain(stage: Stage): void {
  test('raising may be done again and at once, and lowers nothing', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const stored = documentsOf(2);
    await insertAll(tenants.documents, acme, stored);
    const raised = await tenants.raise(await tenants.raise(acme));
    assert.equal(raised.epoch, 3);
    await allAtOnce(9, (number) => tenants.documentsOf(number).raiseEpoch({ ...acme, epoch: 3 - (number % 3) }));
    for (const epoch of [2, 1]) {
      await tenants.documentsOf(epoch).raiseEpoch({ ...acme, epoch });
      assert.deepEqual(await write(tenants.documents, { ...acme, epoch }, [insertion(documentOf('x'))]), moved);
    }
    assert.deepEqual(await tenants.documents.usage(raised), usageOf(stored));
    await writeDone(tenants.documents, raised, [insertion(documentOf('x'))]);
  });

  test('an epoch may be raised by more than one', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const raised = await tenants.raise({ ...acme, epoch: 40 });
    assert.deepEqual(await write(tenants.documents, acme, [insertion(documentOf('a'))]), moved);
    await writeDone(tenants.documents, raised, [insertion(documentOf('a'))]);
  });

  test('making the collection again changes neither the epoch nor the count nor what is stored', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const stored = documentsOf(3);
    await insertAll(tenants.documents, acme, stored);
    const raised = await tenants.raise(acme);
    await allAtOnce(6, (number) => tenants.documentsOf(number).makeCollection(number % 2 === 0 ? raised : acme));
    await tenants.documents.makeCollection(acme);
    assert.deepEqual(await readAll(tenants.documents, raised), stored);
    assert.deepEqual(await tenants.documents.usage(raised), usageOf(stored));
    assert.deepEqual(await write(tenants.documents, acme, [insertion(documentOf('x'))]), moved);
    await writeDone(tenants.documents, raised, [insertion(documentOf('x'))]);
  });
}

function refusingTheDropped(stage: Stage): void {
  test('who writes after a drop is refused, and finds nothing', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const stored = documentsOf(3);
    await insertAll(tenants.documents, acme, stored);
    await tenants.drop(acme);
    const count = shareOf(stage.engine, 100);
    const outcomes = await allAtOnce(count, (number) =>
      write(tenants.documentsOf(number), acme, [insertion(documentOf(`d${number}`))], {
        keep: keptAnswer(`${number}`, ''),
      }),
    );
    assert.deepEqual(tallyWrites(outcomes), { moved: count });
    for (const turn of [0, 1]) {
      const documents = tenants.documentsOf(turn);
      assert.equal(await documents.removeSome(acme, 'default', 10, lateEnd()), 'moved');
      assert.deepEqual(await documents.getMany(acme, 'default', ['d0000', 'd1']), []);
      assert.deepEqual(await listPage(documents, acme), emptyPage);
      assert.deepEqual(await documents.usage(acme), nothing);
      assert.equal(await documents.kept(acme, '1'), undefined);
    }
  });

  test('raising and counting after a drop bring nothing back', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    await insertAll(tenants.documents, acme, documentsOf(1));
    await tenants.drop(acme);
    const raised = { ...acme, epoch: 2 };
    await tenants.documents.raiseEpoch(raised);
    await tenants.documentsOf(1).raiseEpoch(raised);
    assert.deepEqual(await tenants.documents.recount(raised), { counted: nothing, slots: nothing });
    for (const place of [acme, raised]) {
      assert.deepEqual(await write(tenants.documents, place, [insertion(documentOf('a'))]), moved);
    }
    assert.deepEqual(await tenants.drop(raised), nothing);
  });

  test('a place in which nothing was made takes no write, and nothing is found in it', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const never = await assignTenant(documents, { level: stage.level, collection_name: 'org_never' });
    await assertNotThere(documents, never);
    assert.deepEqual(await documents.dropCollection(never), nothing);
    documents.releasePlace(never);
  });
}
