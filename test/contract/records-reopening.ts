import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Change, insert, type Records, remove, replace } from '../../src/store/records.ts';
import { type Engine, shareOf } from './engine.ts';
import { commitDone, done, duplicate, isRefusal } from './expect.ts';
import { openGround } from './ground.ts';
import { drafts, note, notes } from './kinds.ts';

/** What an end and a new start of the store leave. */
export function recordsReopening(engine: Engine): void {
  describe('reopening', () => {
    test('what was committed is there after a new start, its keys are taken, and its versions go on', async () => {
      await using ground = await openGround(engine);
      await commitDone(
        ground.records,
        insert(notes, note('kept', { slug: 's', topic: 't' })),
        insert(notes, note('gone')),
      );
      await commitDone(ground.records, replace(notes, note('kept', { slug: 's', topic: 't' })));
      await commitDone(ground.records, remove(notes, note('gone')));
      await ground.reopen();
      const { records } = ground;
      const kept = { id: 'kept', version: 2, slug: 's', topic: 't' };
      assert.deepEqual(await records.get(notes, 'kept'), kept);
      assert.deepEqual(await records.find(notes, 'slug', 's'), kept);
      assert.deepEqual(await records.list(notes, 'topic', { limit: 10 }), [kept]);
      assert.equal(await records.get(notes, 'gone'), undefined);
      assert.deepEqual(await records.commit([insert(notes, note('new', { slug: 's' }))]), duplicate(notes, 'slug'));
      await commitDone(records, replace(notes, kept));
    });

    test('a kind that is new to the data is made at the next start, and the others stay', async () => {
      await using ground = await openGround(engine, { kinds: [notes] });
      await commitDone(ground.records, insert(notes, note('n', { slug: 's' })));
      await ground.reopen({ kinds: [notes, drafts] });
      await commitDone(ground.records, insert(drafts, note('d', { slug: 's' })));
      assert.equal((await ground.records.find(notes, 'slug', 's'))?.id, 'n');
      assert.equal((await ground.records.find(drafts, 'slug', 's'))?.id, 'd');
    });

    test('a close with commits in work answers each of them, and what was done is there afterwards, whole', async () => {
      await using ground = await openGround(engine);
      const outcomes = Array.from({ length: shareOf(engine, 200) }, (_, number) =>
        outcomeOf(ground.recordsOf(number), pairOf(number)),
      );
      await ground.close();
      const answers = await Promise.all(outcomes);
      await ground.reopen();
      for (const [number, answer] of answers.entries()) {
        const left = await ground.records.get(notes, `n${number}`);
        const right = await ground.records.get(drafts, `n${number}`);
        assert.equal(left === undefined, right === undefined, `commit ${number} is there by half`);
        if (answer === 'done') assert.ok(left, `commit ${number} was done and is not there`);
      }
    });

    test('a closed store refuses to commit and to read', async () => {
      await using ground = await openGround(engine);
      const { records } = ground;
      await commitDone(records, insert(notes, note('n')));
      await ground.close();
      await assert.rejects(records.commit([insert(notes, note('late'))]), isRefusal);
      await assert.rejects(records.get(notes, 'unread'), isRefusal);
      await assert.rejects(records.list(notes, 'topic', { limit: 1 }), isRefusal);
      await ground.reopen();
      assert.equal(await ground.records.get(notes, 'late'), undefined);
    });
  });
}

/** A commit over two kinds, so that half of it would show. */
function pairOf(number: number): Change[] {
  return [insert(notes, note(`n${number}`, { slug: `s${number}` })), insert(drafts, note(`n${number}`))];
}

/** What became of the commit; a store that is closing may refuse it, and says so in the domain's words. */
async function outcomeOf(records: Records, changes: readonly Change[]): Promise<'done' | 'refused'> {
  try {
    assert.deepEqual(await records.commit(changes), done);
    return 'done';
  } catch (error) {
    assert.ok(isRefusal(error), `neither done nor refused: ${error}`);
    return 'refused';
  }
}
