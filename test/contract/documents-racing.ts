import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TenantPlace, WriteOutcome } from '../../src/store/documents.ts';
import type { Stage, Tenants } from './documents-tenants.ts';
import {
  allAtOnce,
  documentOf,
  done,
  idsOf,
  insertAll,
  insertion,
  lateEnd,
  moved,
  nextOf,
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

/** What holds when many do it at once, through every store that is open on the data. */
export function documentsRacing(stage: Stage): void {
  describe('racing', () => {
    racingForOneDocument(stage);
    racingInTheSlots(stage);
    racingWithTheEpoch(stage);
  });
}

function racingForOneDocument(stage: Stage): void {
  test('of many documents inserted at once with one id, one is stored', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const count = shareOf(stage.engine, 100);
    const outcomes = await allAtOnce(count, (number) =>
      write(tenants.documentsOf(number), acme, [insertion(documentOf('a', { number }))]),
    );
    assert.deepEqual(tallyWrites(outcomes), { done: 1, exists: count - 1 });
    const winner = outcomes.findIndex(({ result }) => result === 'done');
    assert.deepEqual(await readAll(tenants.documents, acme), [documentOf('a', { number: winner })]);
  });

  test('of many that replace or remove one version of a document, one is done and the others are conflicts', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const count = shareOf(stage.engine, 100);
    let document = documentOf('a');
    await insertAll(tenants.documents, acme, [document]);
    for (let round = 0; round < 3; round += 1) {
      const before = document;
      const outcomes = await allAtOnce(count, (number) => {
        const change = number % 5 === 4 ? removal(before) : replacement(before, nextOf(before, { number }));
        return write(tenants.documentsOf(number), acme, [change]);
      });
      assert.deepEqual(tallyWrites(outcomes), { done: 1, conflict: count - 1 });
      const winner = outcomes.findIndex(({ result }) => result === 'done');
      const left = winner % 5 === 4 ? [] : [nextOf(before, { number: winner })];
      assert.deepEqual(await readAll(tenants.documents, acme), left);
      if (left.length === 0) await insertAll(tenants.documents, acme, [before]);
      document = left[0] ?? before;
    }
  });

  test('no change is lost: many counters of one document, each of which reads and replaces again until it is done', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const counters = shareOf(stage.engine, 20);
    await insertAll(tenants.documents, acme, [documentOf('a', { count: 0 })]);
    await allAtOnce(counters, async (turn) => {
      for (let count = 0; count < 4; count += 1) await countUp(tenants, acme, turn);
    });
    const [document] = await tenants.documents.getMany(acme, 'default', ['a']);
    assert.equal(document?.members, JSON.stringify({ count: counters * 4 }));
    assert.equal(document?.version, counters * 4 + 1);
  });

  test('writes that change the same documents in opposite orders all end, each done or a conflict', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    let stored = [documentOf('a'), documentOf('b')];
    await insertAll(tenants.documents, acme, stored);
    for (let round = 0; round < shareOf(stage.engine, 20); round += 1) {
      const changes = stored.map((document) => replacement(document));
      const outcomes = await allAtOnce(6, (number) =>
        write(tenants.documentsOf(number), acme, number % 2 === 0 ? changes : changes.toReversed()),
      );
      assert.deepEqual(tallyWrites(outcomes), { done: 1, conflict: 5 });
      stored = stored.map((document) => nextOf(document));
      assert.deepEqual(await readAll(tenants.documents, acme), stored);
    }
  });
}

async function countUp(tenants: Tenants, place: TenantPlace, turn: number): Promise<void> {
  const documents = tenants.documentsOf(turn);
  for (;;) {
    const [seen] = await documents.getMany(place, 'default', ['a']);
    assert.ok(seen);
    const { count } = JSON.parse(seen.members) as { count: number };
    const { result } = await write(documents, place, [replacement(seen, nextOf(seen, { count: count + 1 }))]);
    if (result === 'done') return;
    assert.equal(result, 'conflict');
  }
}

function racingInTheSlots(stage: Stage): void {
  test('what many write at once into many collections of several organizations is counted exactly', async (context) => {
    const tenants = stage.begin(context);
    const places = [await tenants.make('acme'), await tenants.make('acme_2')];
    const collections = ['default', 'users', 'orders'];
    const writers = shareOf(stage.engine, 60);
    const outcomes = await allAtOnce(writers, async (number) => {
      const place = places[number % places.length];
      const collection = collections[number % collections.length];
      assert.ok(place && collection);
      const documents = tenants.documentsOf(number);
      const [a, b] = [documentOf(`a${number}`, { number }), documentOf(`b${number}`)];
      return [
        await write(documents, place, [insertion(a), insertion(b)], { collection }),
        await write(documents, place, [replacement(a, nextOf(a, { long: 'x'.repeat(number) }))], { collection }),
        await write(documents, place, [removal(b)], { collection }),
        await write(documents, place, [insertion(a), insertion(documentOf(`c${number}`))], { collection }),
      ];
    });
    assert.deepEqual(tallyWrites(outcomes.flat()), { done: 3 * writers, exists: writers });
    for (const place of places) {
      const stored = await Promise.all(collections.map((name) => readAll(tenants.documents, place, name)));
      for (const [number, name] of collections.entries()) {
        assert.deepEqual(await tenants.documents.usage(place, name), usageOf(stored[number] ?? []));
      }
      assert.deepEqual(await tenants.documents.usage(place), usageOf(stored.flat()));
      assert.equal(stored.flat().length, writers / 2);
    }
  });

  test('documents that are removed in slices while others are inserted are counted exactly', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const count = shareOf(stage.engine, 100);
    const writing = allAtOnce(count, (number) =>
      writeDone(tenants.documentsOf(number), acme, [insertion(documentOf(`d${number}`, { number }))]),
    );
    const removing = allAtOnce(shareOf(stage.engine, 20), (turn) =>
      tenants.documentsOf(turn).removeSome(acme, 'default', 3, lateEnd()),
    );
    await writing;
    const removed = (await removing).reduce<number>((sum, told) => sum + Number(told), 0);
    const left = await readAll(tenants.documents, acme);
    assert.equal(left.length, count - removed);
    assert.deepEqual(await tenants.documents.usage(acme), usageOf(left));
  });
}

function racingWithTheEpoch(stage: Stage): void {
  test('no write of the old epoch is done once the raise returned, and what was done before is there', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const { outcomes, begin } = writers(tenants, acme, shareOf(stage.engine, 20));
    await begin;
    const raised = await tenants.raise(acme);
    const [after, usage] = await Promise.all([readAll(tenants.documents, raised), tenants.documents.usage(raised)]);
    const told = await outcomes;
    assertDoneIsThere(told, idsOf(after));
    assert.deepEqual(await readAll(tenants.documents, raised), after);
    assert.deepEqual(await tenants.documents.usage(raised), usage);
    await writeDone(tenants.documents, raised, [insertion(documentOf('last'))]);
  });

  test('no write is done once a drop returned, and nothing of those before is left', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const { outcomes, begin } = writers(tenants, acme, shareOf(stage.engine, 20));
    await begin;
    const told = await tenants.drop(acme);
    assert.deepEqual(await readAll(tenants.documents, acme), []);
    const done = (await outcomes).filter(({ outcome }) => outcome.result === 'done');
    assert.equal(told.documents, done.length);
    assert.deepEqual(await readAll(tenants.documents, acme), []);
    assert.deepEqual(await tenants.documents.usage(acme), nothing);
    assert.deepEqual(await tenants.documents.recount(acme), { counted: nothing, slots: nothing });
  });
}

interface Written {
  readonly id: string;
  readonly outcome: WriteOutcome;
}

/** Writers that insert one document after the other until they are refused. `begin` resolves once some of it was done. */
function writers(
  tenants: Tenants,
  place: TenantPlace,
  count: number,
): { readonly outcomes: Promise<Written[]>; readonly begin: Promise<void> } {
  const { promise: begin, resolve } = Promise.withResolvers<void>();
  let told = 0;
  const outcomes = allAtOnce(count, async (writer) => {
    const written: Written[] = [];
    for (let number = 0; ; number += 1) {
      const id = `${writer}-${number}`;
      const outcome = await write(tenants.documentsOf(writer), place, [insertion(documentOf(id, { id }))]);
      written.push({ id, outcome });
      told += 1;
      if (told > 2 * count) resolve();
      if (outcome.result !== 'done') return written;
    }
  });
  return { outcomes: outcomes.then((written) => written.flat()), begin };
}

/** Every writer ended by being refused, and these are the ids of what was done before. */
function assertDoneIsThere(told: readonly Written[], ids: readonly string[]): void {
  const isDone = ({ outcome }: Written) => outcome.result === 'done';
  for (const { outcome } of told) assert.deepEqual(outcome, outcome.result === 'done' ? done : moved);
  assert.ok(told.some(isDone) && !told.every(isDone), 'the writers ran before and after');
  const expected = told.filter(isDone).map(({ id }) => id);
  assert.deepEqual(ids, expected.toSorted());
}
