import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KeptAnswer, TenantPlace, Write, WriteOutcome } from '../../src/store/documents.ts';
import type { Stage, Tenants } from './documents-tenants.ts';
import {
  allAtOnce,
  documentOf,
  documentsOf,
  insertAll,
  insertion,
  readAll,
  removal,
  replacement,
  tallyWrites,
  usageOf,
  write,
  writeDone,
} from './documents-writes.ts';
import { shareOf } from './engine.ts';

/** An answer whose time is not over while the suites run, where no other time is given. */
export function keptAnswer(id: string, answer: string, expires_at = '2999-01-01T00:00:00.000Z'): KeptAnswer {
  return { id, request: `request of ${id}`, answer: JSON.stringify({ answer, text: 'ä "\\ 😀 $gt' }), expires_at };
}

/** What is remembered of calls that may be made again. */
export function documentsKept(stage: Stage): void {
  describe('kept answers', () => {
    keepingOnce(stage);
    keepingNothing(stage);
    keepingApart(stage);
    bounding(stage);
    forgetting(stage);
  });
}

const kept: WriteOutcome = { result: 'kept' };
const unkept: WriteOutcome = { result: 'unkept' };

function keepingOnce(stage: Stage): void {
  test('an answer is kept with the effect, as it was given, and found through every store and in no collection', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const keep = keptAnswer('key', 'first');
    assert.equal(await tenants.documents.kept(acme, 'key'), undefined);
    await writeDone(tenants.documents, acme, [insertion(documentOf('a'))], { keep });
    for (const turn of [0, 1]) assert.deepEqual(await tenants.documentsOf(turn).kept(acme, 'key'), keep);
    assert.equal(await tenants.documents.kept(acme, 'ke'), undefined);
    assert.deepEqual(await tenants.documents.usage(acme), usageOf([documentOf('a')]));
  });

  test('where an answer is kept another write of its id has no effect, in no collection', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const keep = keptAnswer('key', 'first');
    await writeDone(tenants.documents, acme, [insertion(documentOf('a'))], { keep });
    for (const collection of ['default', 'users']) {
      const again = { collection, keep: keptAnswer('key', 'second') };
      assert.deepEqual(await write(tenants.documentsOf(1), acme, [insertion(documentOf('b'))], again), kept);
      assert.deepEqual(await tenants.documents.kept(acme, 'key'), keep);
    }
    assert.deepEqual(await readAll(tenants.documents, acme), [documentOf('a')]);
    assert.deepEqual(await readAll(tenants.documents, acme, 'users'), []);
  });

  test('a write that is sent again with its answer is told that it is kept, whatever its changes would be told', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const document = documentOf('a');
    for (const [number, change] of [insertion(document), replacement(document)].entries()) {
      const others = { keep: keptAnswer(`key ${number}`, 'done'), quota: { documents: 1 } };
      await writeDone(tenants.documents, acme, [change], others);
      assert.deepEqual(await write(tenants.documentsOf(1), acme, [change], others), kept);
    }
  });

  test('of many writes at once with one id of an answer, one is done', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const count = shareOf(stage.engine, 50);
    const outcomes = await allAtOnce(count, (number) =>
      write(tenants.documentsOf(number), acme, [insertion(documentOf(`d${number}`))], {
        keep: keptAnswer('key', `${number}`),
      }),
    );
    assert.deepEqual(tallyWrites(outcomes), { done: 1, kept: count - 1 });
    const winner = outcomes.findIndex(({ result }) => result === 'done');
    assert.deepEqual(await tenants.documents.kept(acme, 'key'), keptAnswer('key', `${winner}`));
    assert.deepEqual(await readAll(tenants.documents, acme), [documentOf(`d${winner}`)]);
  });

  test('an answer whose time is over is replaced by another of its id', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const keep = keptAnswer('key', 'first', '2020-01-01T00:00:00.000Z');
    await writeDone(tenants.documents, acme, [insertion(documentOf('a'))], { keep });
    const another = keptAnswer('key', 'second');
    await writeDone(tenants.documentsOf(1), acme, [insertion(documentOf('b'))], { keep: another });
    assert.deepEqual(await tenants.documents.kept(acme, 'key'), another);
    assert.deepEqual(await write(tenants.documents, acme, [insertion(documentOf('c'))], { keep }), kept);
  });
}

function keepingNothing(stage: Stage): void {
  test('nothing is kept of a write that does not hold, nor in the place of an answer that is over', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const stored = documentOf('a');
    await insertAll(tenants.documents, acme, [stored]);
    const over = keptAnswer('over', 'old', '2020-01-01T00:00:00.000Z');
    await writeDone(tenants.documents, acme, [insertion(documentOf('b'))], { keep: over });
    const raised = await tenants.raise(acme);
    const failing: readonly (readonly [WriteOutcome['result'], TenantPlace, Partial<Write>, ...string[]])[] = [
      ['exists', raised, {}, 'c', 'a'],
      ['full', raised, { quota: { documents: 2 } }, 'c'],
      ['moved', acme, {}, 'c'],
    ];
    for (const id of ['key', 'over']) {
      const keep = keptAnswer(id, 'new');
      for (const [result, place, others, ...ids] of failing) {
        const changes = ids.map((inserted) => insertion(documentOf(inserted)));
        assert.equal((await write(tenants.documents, place, changes, { ...others, keep })).result, result);
      }
      const conflict = await write(tenants.documents, raised, [removal(documentOf('never'))], { keep });
      assert.equal(conflict.result, 'conflict');
      assert.notDeepEqual(await tenants.documents.kept(raised, id), keep);
    }
    await writeDone(tenants.documents, raised, [insertion(documentOf('c'))], { keep: keptAnswer('key', 'new') });
  });
}

function keepingApart(stage: Stage): void {
  test('an answer is not seen by another organization, which may keep one of the same id', async (context) => {
    const tenants = stage.begin(context);
    const [acme, foreign] = [await tenants.make('acme'), await tenants.make('acme_2')];
    await writeDone(tenants.documents, acme, [insertion(documentOf('a'))], { keep: keptAnswer('key', 'ours') });
    assert.equal(await tenants.documents.kept(foreign, 'key'), undefined);
    await writeDone(tenants.documents, foreign, [insertion(documentOf('a'))], { keep: keptAnswer('key', 'theirs') });
    assert.deepEqual(await tenants.documents.kept(acme, 'key'), keptAnswer('key', 'ours'));
    assert.deepEqual(await tenants.documents.kept(foreign, 'key'), keptAnswer('key', 'theirs'));
  });

  test('an answer stays when the epoch is raised and documents are removed, and is gone with its organization', async (context) => {
    const tenants = stage.begin(context);
    const [acme, foreign] = [await tenants.make('acme'), await tenants.make('acme_2')];
    const keep = keptAnswer('key', 'kept');
    for (const place of [acme, foreign]) {
      await writeDone(tenants.documents, place, [insertion(documentOf('a'))], { keep });
    }
    const raised = await tenants.raise(acme);
    await writeDone(tenants.documents, raised, [removal(documentOf('a'))]);
    assert.deepEqual(await tenants.documents.kept(raised, 'key'), keep);
    await tenants.drop(raised);
    assert.equal(await tenants.documents.kept(raised, 'key'), undefined);
    assert.deepEqual(await tenants.documents.kept(foreign, 'key'), keep);
    const again = await tenants.make('acme');
    assert.equal(await tenants.documents.kept(again, 'key'), undefined);
  });
}

function bounding(stage: Stage): void {
  const keepWithin = { answers: 3, bytes: 1_000 };
  const past = '2020-01-01T00:00:00.000Z';

  test('past the number of answers that may be kept a write with another has no effect, and those that are kept stay', async (context) => {
    const tenants = stage.begin(context);
    const [acme, foreign] = [await tenants.make('acme'), await tenants.make('acme_2')];
    for (const id of ['a', 'b', 'c']) {
      await writeDone(tenants.documents, acme, [insertion(documentOf(id))], { keep: keptAnswer(id, id), keepWithin });
    }
    const another = { keep: keptAnswer('d', 'd'), keepWithin };
    for (const turn of [0, 1]) {
      assert.deepEqual(await write(tenants.documentsOf(turn), acme, [insertion(documentOf('d'))], another), unkept);
      const again = { keep: keptAnswer('b', 'again'), keepWithin };
      assert.deepEqual(await write(tenants.documentsOf(turn), acme, [insertion(documentOf('d'))], again), kept);
    }
    assert.deepEqual(
      await readAll(tenants.documents, acme),
      ['a', 'b', 'c'].map((id) => documentOf(id)),
    );
    for (const id of ['a', 'b', 'c']) assert.deepEqual(await tenants.documents.kept(acme, id), keptAnswer(id, id));
    assert.equal(await tenants.documents.kept(acme, 'd'), undefined);
    await writeDone(tenants.documents, acme, [insertion(documentOf('d'))], { keepWithin });
    await writeDone(tenants.documents, foreign, [insertion(documentOf('d'))], another);
  });

  test('past the bytes of answers that may be kept a write with another has no effect', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const large = (id: string) => ({ keep: keptAnswer(id, 'ä'.repeat(220)), keepWithin });
    for (const id of ['a', 'b']) await writeDone(tenants.documents, acme, [insertion(documentOf(id))], large(id));
    for (const turn of [0, 1]) {
      assert.deepEqual(await write(tenants.documentsOf(turn), acme, [insertion(documentOf('c'))], large('c')), unkept);
    }
    const small = { keep: { ...keptAnswer('d', ''), answer: '1' }, keepWithin };
    await writeDone(tenants.documents, acme, [insertion(documentOf('d'))], small);
  });

  test('answers whose time is over make room for others, also where they were removed, and so do those of dropped organizations', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make('acme');
    for (const id of ['a', 'b', 'c']) {
      const keep = keptAnswer(id, id, id === 'a' ? past : undefined);
      await writeDone(tenants.documents, acme, [insertion(documentOf(id))], { keep, keepWithin });
    }
    const next = (id: string) => ({ keep: keptAnswer(id, id), keepWithin });
    const other = tenants.documentsOf(1);
    await writeDone(other, acme, [insertion(documentOf('d'))], next('d'));
    assert.deepEqual(await write(other, acme, [insertion(documentOf('e'))], next('e')), unkept);
    await tenants.drop(acme);
    const again = await tenants.make('acme');
    for (const id of ['a', 'b', 'c']) await writeDone(other, again, [insertion(documentOf(id))], next(id));
    assert.deepEqual(await write(other, again, [insertion(documentOf('d'))], next('d')), unkept);
  });
}

function forgetting(stage: Stage): void {
  test('answers are forgotten when their time is over, those of all organizations, and no others', async (context) => {
    const tenants = stage.begin(context);
    const places = [await tenants.make('acme'), await tenants.make('acme_2'), await tenants.make()];
    // Of those to come: an engine may forget what is over by itself.
    const years = ['2101', '2102', '2103', '2999'];
    const keepOf = (year: string) => keptAnswer(`of ${year}`, 'kept', `${year}-06-01T00:00:00.000Z`);
    for (const place of places) {
      for (const year of years) {
        await writeDone(tenants.documents, place, [insertion(documentOf(year))], { keep: keepOf(year) });
      }
    }
    const { signal } = new AbortController();
    await tenants.documents.forgetKept(new Date('2103-01-01T00:00:00.000Z'), signal);
    for (const place of places) assert.deepEqual(await keptYears(tenants, place, years), ['2103', '2999']);
    await tenants.documents.forgetKept(new Date('2103-06-01T00:00:00.001Z'), signal);
    await tenants.documents.forgetKept(new Date('2103-06-01T00:00:00.001Z'), signal);
    for (const place of places) {
      assert.deepEqual(await keptYears(tenants, place, years), ['2999']);
      assert.deepEqual(await tenants.documents.usage(place), usageOf(years.map((year) => documentOf(year))));
    }
  });

  test('many answers are forgotten in one call', async (context) => {
    const tenants = stage.begin(context);
    const acme = await tenants.make();
    const stored = documentsOf(shareOf(stage.engine, 250));
    const over = '2101-01-01T00:00:00.000Z';
    await Promise.all(
      stored.map((document, turn) =>
        writeDone(tenants.documentsOf(turn), acme, [insertion(document)], { keep: keptAnswer(document.id, '', over) }),
      ),
    );
    await tenants.documents.forgetKept(new Date('2102-01-01T00:00:00.000Z'), new AbortController().signal);
    const left = await Promise.all(stored.map(({ id }) => tenants.documents.kept(acme, id)));
    assert.deepEqual(new Set(left), new Set([undefined]));
  });
}

/** The years of which an answer is kept. */
async function keptYears(tenants: Tenants, place: TenantPlace, years: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const year of years) if (await tenants.documents.kept(place, `of ${year}`)) found.push(year);
  return found;
}
