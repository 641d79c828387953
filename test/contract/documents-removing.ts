import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Stage } from './documents-tenants.ts';
import {
  allAtOnce,
  documentOf,
  documentsOf,
  idsOf,
  insertAll,
  insertion,
  lateEnd,
  nothing,
  readAll,
  usageOf,
  write,
  writeDone,
} from './documents-writes.ts';

/** How documents are removed in slices, and an organization as a whole. */
export function documentsRemoving(stage: Stage): void {
  describe('removing', () => {
    removingSome(stage);
    droppingAll(stage);
  });
}

function removingSome(stage: Stage): void {
  test('the first documents by id are removed, as many as was said, and told how many', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const acme = await tenants.make();
    const stored = ['-', '.a', '0', 'A', 'B', '_', 'a', 'b', '~'].map((id) => documentOf(id, { id }));
    await insertAll(documents, acme, stored.toReversed());
    await insertAll(documents, acme, stored, 'users');
    for (const [removed, most, told] of [
      [0, 1, 1],
      [1, 3, 3],
      [4, 5, 5],
      [9, 4, 0],
    ] as const) {
      assert.deepEqual(await readAll(documents, acme), stored.slice(removed));
      assert.equal(await tenants.documentsOf(most).removeSome(acme, 'default', most, lateEnd()), told);
      const left = stored.slice(removed + told);
      assert.deepEqual(await documents.usage(acme, 'default'), usageOf(left));
      assert.deepEqual(await documents.usage(acme), usageOf([...left, ...stored]));
    }
    assert.deepEqual(await readAll(documents, acme, 'users'), stored);
  });

  test('fewer than was said are removed only where none is left', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const acme = await tenants.make();
    await insertAll(documents, acme, documentsOf(1_000));
    await insertAll(documents, acme, documentsOf(30, 'e'));
    assert.equal(await documents.removeSome(acme, 'default', 1_000, lateEnd()), 1_000);
    assert.deepEqual(await readAll(documents, acme), documentsOf(30, 'e'));
    assert.equal(await documents.removeSome(acme, 'default', 1_000, lateEnd()), 30);
    assert.deepEqual(await readAll(documents, acme), []);
    assert.equal(await documents.removeSome(acme, 'default', 1_000, lateEnd()), 0);
  });

  test('what many remove at once from one collection is each document once', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    await insertAll(tenants.documents, acme, documentsOf(100));
    const removed = await allAtOnce(12, (turn) => tenants.documentsOf(turn).removeSome(acme, 'default', 10, lateEnd()));
    const total = removed.reduce<number>((sum, count) => sum + Number(count), 0);
    assert.equal(total, 100 - (await readAll(tenants.documents, acme)).length);
  });

  test('an organization that removes its own leaves those of its neighbours', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const [acme, foreign] = [await tenants.make('acme'), await tenants.make('acme_2')];
    const stored = documentsOf(5);
    for (const place of [acme, foreign]) await insertAll(documents, place, stored);
    assert.equal(await documents.removeSome(foreign, 'default', 100, lateEnd()), 5);
    assert.deepEqual(await readAll(documents, acme), stored);
    assert.deepEqual(await documents.usage(acme), usageOf(stored));
  });
}

function droppingAll(stage: Stage): void {
  test('a drop tells what was counted, the second one nothing, and neighbours keep what they have', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const [acme, foreign] = [await tenants.make('acme'), await tenants.make('acme_2')];
    const stored = documentsOf(5);
    for (const place of [acme, foreign]) {
      await insertAll(documents, place, stored);
      await insertAll(documents, place, stored, 'users');
    }
    assert.deepEqual(await tenants.drop(acme), usageOf([...stored, ...stored]));
    assert.deepEqual(await tenants.drop(acme), nothing);
    assert.deepEqual(await tenants.documentsOf(1).dropCollection(acme), nothing);
    for (const collection of ['default', 'users']) {
      assert.deepEqual(await readAll(documents, acme, collection), []);
      assert.deepEqual(await readAll(documents, foreign, collection), stored);
    }
    assert.deepEqual(await documents.usage(foreign), usageOf([...stored, ...stored]));
  });

  test('an organization made in the place and with the name of another that is gone sees nothing of it', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const gone = await tenants.make('acme');
    const stored = documentsOf(4);
    for (const collection of ['default', 'users']) await insertAll(documents, gone, stored, collection);
    await tenants.drop(gone);
    const acme = await tenants.make('acme');
    assert.notEqual(acme.organization, gone.organization);
    for (const collection of ['default', 'users']) {
      assert.deepEqual(await readAll(documents, acme, collection), []);
      assert.deepEqual(await documents.getMany(acme, collection, ['d0000']), []);
      assert.deepEqual(await documents.usage(acme, collection), nothing);
    }
    assert.deepEqual(await write(documents, gone, [insertion(documentOf('late'))]), { result: 'moved' });
    await insertAll(documents, acme, stored);
    assert.deepEqual(await readAll(documents, acme), stored);
  });

  test('an organization that is made again after its drop is empty', async (context) => {
    const tenants = stage.begin(context);
    const { documents } = tenants;
    const acme = await tenants.make();
    for (let round = 0; round < 3; round += 1) {
      await insertAll(documents, acme, documentsOf(2));
      assert.deepEqual(await documents.dropCollection(acme), usageOf(documentsOf(2)));
      await documents.makeCollection(acme);
      assert.deepEqual(await readAll(documents, acme), []);
      assert.deepEqual(await documents.usage(acme), nothing);
    }
    await writeDone(documents, acme, [insertion(documentOf('a'))]);
  });

  test('organizations that are dropped at once may be read meanwhile: what is found is theirs', async (context) => {
    const tenants = stage.begin(context);
    const stored = documentsOf(5);
    const places = await Promise.all(['a', 'b', 'c', 'd'].map((name) => tenants.make(name)));
    await Promise.all(places.map((place) => insertAll(tenants.documents, place, stored)));
    let isDropping = true;
    const reading = allAtOnce(2, async (turn) => {
      do {
        for (const place of places) {
          const found = idsOf(await readAll(tenants.documentsOf(turn), place));
          assert.deepEqual(
            found,
            idsOf(stored).filter((id) => found.includes(id)),
          );
        }
        // A read that is answered at once would let nothing else run.
        await nextTurn();
      } while (isDropping);
    });
    const dropping = Promise.all(places.map((place) => tenants.drop(place)));
    const told = await dropping.finally(() => {
      isDropping = false;
    });
    await reading;
    assert.deepEqual(told, Array(places.length).fill(usageOf(stored)));
    for (const place of places) assert.deepEqual(await readAll(tenants.documents, place), []);
  });

  test('of many drops at once all return, and together they tell what was counted', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    await insertAll(tenants.documents, acme, documentsOf(50));
    const told = await allAtOnce(8, (turn) => tenants.documentsOf(turn).dropCollection(acme));
    const documents = told.reduce((sum, usage) => sum + usage.documents, 0);
    const bytes = told.reduce((sum, usage) => sum + usage.bytes, 0);
    assert.deepEqual({ documents, bytes }, usageOf(documentsOf(50)));
    assert.deepEqual(await readAll(tenants.documents, acme), []);
    await tenants.drop(acme);
  });
}
