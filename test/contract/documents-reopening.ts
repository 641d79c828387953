import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Documents, TenantPlace } from '../../src/store/documents.ts';
import { keptAnswer } from './documents-kept.ts';
import { openTenants, type Stage } from './documents-tenants.ts';
import {
  assertNotThere,
  documentOf,
  documentsOf,
  done,
  insertAll,
  insertion,
  lateEnd,
  listPage,
  moved,
  nextOf,
  nothing,
  readAll,
  removal,
  replacement,
  usageOf,
  write,
  writeDone,
} from './documents-writes.ts';
import { shareOf } from './engine.ts';
import { isRefusal } from './expect.ts';
import { openGround } from './ground.ts';

/** What an end and a new start of the stores leave. */
export function documentsReopening(stage: Stage): void {
  describe('reopening', () => {
    stayingAfterAStart(stage);
    endingInWork(stage);
  });
}

function stayingAfterAStart(stage: Stage): void {
  test('what was acknowledged is there after a new start: documents, counts, epochs and answers', async (context) => {
    const tenants = stage.begin(context);
    const [acme, foreign] = [await tenants.make('acme'), await tenants.make('acme_2')];
    const [first, second] = documentsOf(2);
    assert.ok(first && second);
    const keep = keptAnswer('key', 'kept');
    await writeDone(tenants.documents, acme, [insertion(first), insertion(second)], { keep });
    await writeDone(tenants.documents, acme, [replacement(first), removal(second)]);
    await insertAll(tenants.documents, acme, [second], 'users');
    await insertAll(tenants.documents, foreign, [second]);
    const raised = await tenants.raise(acme);
    await tenants.reopen();
    const { documents } = tenants;
    assert.deepEqual(await readAll(documents, raised), [nextOf(first)]);
    assert.deepEqual(await readAll(documents, raised, 'users'), [second]);
    assert.deepEqual(await readAll(documents, foreign), [second]);
    assert.deepEqual(await documents.usage(raised), usageOf([nextOf(first), second]));
    assert.deepEqual(await documents.kept(raised, 'key'), keep);
    assert.equal(await documents.kept(foreign, 'key'), undefined);
    assert.deepEqual(await write(documents, acme, [insertion(documentOf('late'))]), moved);
    await writeDone(documents, raised, [replacement(nextOf(first))]);
  });

  test('what was removed or dropped is not there after a new start', async (context) => {
    const tenants = stage.begin(context);
    const [acme, dropped] = [await tenants.make('acme'), await tenants.make('acme_2')];
    for (const place of [acme, dropped]) await insertAll(tenants.documents, place, documentsOf(5));
    await tenants.documents.removeSome(acme, 'default', 3, lateEnd());
    await tenants.drop(dropped);
    await tenants.reopen();
    assert.deepEqual(await readAll(tenants.documents, acme), documentsOf(5).slice(3));
    await assertNotThere(tenants.documents, dropped);
    assert.deepEqual(await tenants.drop(dropped), nothing);
    const another = await tenants.make('acme_2');
    assert.deepEqual(await readAll(tenants.documents, another), []);
  });
}

function endingInWork({ engine, level }: Stage): void {
  test('a close with writes in work answers each of them, and what was done is there afterwards, whole', async () => {
    await using ground = await openGround(engine);
    const tenants = await openTenants(ground, level);
    const acme = await tenants.make();
    const outcomes = Array.from({ length: shareOf(engine, 200) }, (_, number) =>
      outcomeOf(ground.documentsOf(number), acme, pairOf(number)),
    );
    await ground.close();
    const answers = await Promise.all(outcomes);
    await ground.reopen();
    const stored = new Set((await readAll(tenants.documents, acme)).map(({ id }) => id));
    for (const [number, answer] of answers.entries()) {
      const [left, right] = pairOf(number).map((id) => stored.has(id));
      assert.equal(left, right, `write ${number} is there by half`);
      if (answer === 'done') assert.ok(left, `write ${number} was done and is not there`);
    }
    await tenants.end();
  });

  test('a closed store refuses to write and to read', async () => {
    await using ground = await openGround(engine);
    const tenants = await openTenants(ground, level);
    const acme = await tenants.make();
    await insertAll(tenants.documents, acme, [documentOf('a')]);
    await ground.close();
    const { documents } = tenants;
    await assert.rejects(write(documents, acme, [insertion(documentOf('late'))]), isRefusal);
    await assert.rejects(documents.removeSome(acme, 'default', 10, lateEnd()), isRefusal);
    await assert.rejects(documents.getMany(acme, 'default', ['a']), isRefusal);
    await assert.rejects(listPage(documents, acme), isRefusal);
    await assert.rejects(documents.usage(acme), isRefusal);
    await assert.rejects(documents.makeCollection(acme), isRefusal);
    await assert.rejects(documents.dropCollection(acme), isRefusal);
    await ground.reopen();
    assert.deepEqual(await readAll(tenants.documents, acme), [documentOf('a')]);
    await tenants.end();
  });
}

/** The ids of the documents of one write, so that half of it would show. */
function pairOf(number: number): [string, string] {
  return [`left-${number}`, `right-${number}`];
}

/** What became of the write; a store that is closing may refuse it, and says so in the domain's words. */
async function outcomeOf(
  documents: Documents,
  place: TenantPlace,
  ids: readonly string[],
): Promise<'done' | 'refused'> {
  const changes = ids.map((id) => insertion(documentOf(id)));
  try {
    assert.deepEqual(await write(documents, place, changes), done);
    return 'done';
  } catch (error) {
    assert.ok(isRefusal(error), `neither done nor refused: ${error}`);
    return 'refused';
  }
}
