import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Change, check, insert, type Records, remove, replace } from '../../src/store/records.ts';
import { type Engine, shareOf } from './engine.ts';
import { commitDone, conflict, done, duplicate } from './expect.ts';
import { openGround } from './ground.ts';
import { drafts, type Note, note, notes } from './kinds.ts';

/** What each change does, what keeps it from holding, and that a commit is all or nothing. */
export function recordsCommitting(engine: Engine): void {
  describe('committing', () => {
    committingOneChange(engine);
    committingConflicts(engine);
    committingDuplicates(engine);
    committingMany(engine);
    committingKeysThatMove(engine);
  });
}

/** Everything that is stored in the suites' two kinds, as far as the topic `t` shows it. */
async function everything(records: Records): Promise<Note[]> {
  const range = { prefix: 't', limit: 1_000 };
  return [...(await records.list(notes, 'topic', range)), ...(await records.list(drafts, 'topic', range))];
}

function committingOneChange(engine: Engine): void {
  test('a replace stores the whole record anew, with its version one higher', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    await commitDone(records, insert(notes, note('n', { slug: 's', alias: 'a', body: { old: true } })));
    await commitDone(records, replace(notes, note('n', { slug: 's', body: { new: true } })));
    assert.deepEqual(await records.get(notes, 'n'), { id: 'n', version: 2, slug: 's', body: { new: true } });
    await commitDone(records, replace(notes, { id: 'n', version: 2 }));
    assert.deepEqual(await records.get(notes, 'n'), { id: 'n', version: 3 });
    assert.equal(await records.find(notes, 'slug', 's'), undefined);
  });

  test('a removed record frees its id and its keys, and one that takes them begins at version 1', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    await commitDone(records, insert(notes, note('n', { slug: 's', topic: 't', alias: 'a' })));
    await commitDone(records, replace(notes, note('n', { slug: 's', topic: 't', alias: 'a' })));
    await commitDone(records, remove(notes, { id: 'n', version: 2 }));
    assert.equal(await records.get(notes, 'n'), undefined);
    await commitDone(records, insert(notes, note('n', { slug: 's', topic: 't', alias: 'a' })));
    assert.equal((await records.find(notes, 'slug', 's'))?.version, 1);
  });

  test('a check that holds is done and leaves the record as it was, its version too', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    const stored = note('n', { slug: 's', topic: 't', body: 'kept' });
    await commitDone(records, insert(notes, stored), insert(notes, note('other', { topic: 't' })));
    await commitDone(records, check(notes, note('n')));
    await commitDone(records, check(notes, note('n')), replace(notes, note('other', { topic: 't' })));
    await commitDone(records, check(notes, stored), check(notes, stored));
    assert.deepEqual(await records.get(notes, 'n'), stored);
    assert.deepEqual(await records.list(notes, 'slug', { limit: 10 }), [stored]);
  });

  test('a commit whose time is over is refused, and nothing of it happens', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    await commitDone(records, insert(notes, note('n', { topic: 't' })));
    const late = [insert(notes, note('late', { topic: 't' })), replace(notes, note('n', { topic: 't', body: 'late' }))];
    for (const changes of [late, late.slice(0, 1), late.slice(1)]) {
      await assert.rejects(records.commit(changes, performance.now()), { code: 'storage_unavailable' });
    }
    await commitDone(records, insert(notes, note('after', { topic: 't' })));
    assert.deepEqual(await everything(records), [note('after', { topic: 't' }), note('n', { topic: 't' })]);
    assert.deepEqual(await records.commit(late, performance.now() + 60_000), done);
  });

  test('a commit of no changes is done', async () => {
    await using ground = await openGround(engine);
    await commitDone(ground.records);
  });
}

function committingConflicts(engine: Engine): void {
  for (const [op, change] of Object.entries({ replace, remove, check })) {
    test(`${op} of a record that moved on or is gone is a conflict and changes nothing`, async () => {
      await using ground = await openGround(engine);
      const { records } = ground;
      await commitDone(records, insert(notes, note('n', { topic: 't', body: 1 })));
      await commitDone(records, replace(notes, note('n', { topic: 't', body: 2 })));
      for (const version of [1, 3, 0, 22]) {
        assert.deepEqual(await records.commit([change(notes, { id: 'n', version })]), conflict(notes, 'n'));
      }
      assert.deepEqual(await everything(records), [{ id: 'n', version: 2, topic: 't', body: 2 }]);
      assert.deepEqual(await records.commit([change(notes, note('never'))]), conflict(notes, 'never'));
      assert.deepEqual(await records.commit([change(drafts, { id: 'n', version: 2 })]), conflict(drafts, 'n'));
      await commitDone(records, remove(notes, { id: 'n', version: 2 }));
      assert.deepEqual(await records.commit([change(notes, { id: 'n', version: 2 })]), conflict(notes, 'n'));
      assert.deepEqual(await everything(records), []);
    });
  }

  test('a replace that is stale and would break an index as well is told as a conflict', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    await commitDone(records, insert(notes, note('n')), insert(notes, note('m', { slug: 'taken' })));
    const stale = replace(notes, { id: 'n', version: 2, slug: 'taken' });
    assert.deepEqual(await records.commit([stale]), conflict(notes, 'n'));
  });
}

function committingDuplicates(engine: Engine): void {
  test('an insert with the id of another record is a duplicate by id, before any index', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    await commitDone(
      records,
      insert(notes, note('n', { slug: 's', topic: 't', alias: 'a' })),
      insert(notes, note('other', { slug: 'o', alias: 'o' })),
    );
    for (const members of [{}, { slug: 's' }, { alias: 'a' }, { slug: 'o' }, { slug: 's', alias: 'o' }]) {
      assert.deepEqual(await records.commit([insert(notes, note('n', members))]), duplicate(notes, 'id'));
    }
    await commitDone(records, replace(notes, note('n', { slug: 's', topic: 't', alias: 'a' })));
    assert.deepEqual(await records.commit([insert(notes, note('n'))]), duplicate(notes, 'id'));
  });

  test('a key that another record has is told by its index; of several, one of them is told', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    await commitDone(
      records,
      insert(notes, note('alias', { alias: 'a' })),
      insert(notes, note('slug', { slug: 's', topic: 't' })),
      insert(notes, note('own', { slug: 'own', alias: 'own' })),
    );
    const before = await everything(records);
    const cases = [
      { members: { slug: 's' }, index: 'slug' },
      { members: { alias: 'a' }, index: 'alias' },
      { members: { slug: 'free', topic: 't', alias: 'a' }, index: 'alias' },
    ];
    for (const { members, index } of cases) {
      assert.deepEqual(await records.commit([insert(notes, note('new', members))]), duplicate(notes, index));
      assert.deepEqual(await records.commit([replace(notes, note('own', members))]), duplicate(notes, index));
    }
    const outcome = await records.commit([insert(notes, note('new', { slug: 's', alias: 'a' }))]);
    assert.ok(outcome.result === 'duplicate' && ['slug', 'alias'].includes(outcome.index), JSON.stringify(outcome));
    assert.deepEqual(await everything(records), before);
    assert.equal(await records.get(notes, 'new'), undefined);
    assert.deepEqual(await records.get(notes, 'own'), note('own', { slug: 'own', alias: 'own' }));
  });

  test('a key is one’s own to keep, and a key of an index that is not unique is everyone’s', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    await commitDone(records, insert(notes, note('n', { slug: 's', topic: 't', alias: 'a' })));
    await commitDone(records, replace(notes, note('n', { slug: 's', topic: 't', alias: 'a' })));
    await commitDone(records, insert(notes, note('m', { slug: 'a', topic: 't', alias: 's' })));
    await commitDone(records, insert(drafts, note('n', { slug: 's', topic: 't', alias: 'a' })));
    await commitDone(records, insert(drafts, note('m', { slug: 'other', topic: 't', alias: 'a' })));
    assert.equal((await everything(records)).length, 4);
  });
}

function committingMany(engine: Engine): void {
  test('the first change that does not hold is told, and none is applied', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    const kept = note('kept', { slug: 'kept', topic: 't' });
    await commitDone(records, insert(notes, kept), insert(drafts, note('gone', { topic: 't' })));
    const before = await everything(records);
    const good: Change[] = [
      insert(notes, note('new', { slug: 'new', topic: 't' })),
      replace(notes, { ...kept, body: 'changed' }),
      remove(drafts, note('gone')),
    ];
    const bad = [
      { change: insert(notes, note('kept')), outcome: duplicate(notes, 'id') },
      { change: insert(notes, note('other', { slug: 'kept' })), outcome: duplicate(notes, 'slug') },
      { change: replace(drafts, { id: 'away', version: 1 }), outcome: conflict(drafts, 'away') },
      { change: check(notes, { id: 'kept', version: 7 }), outcome: conflict(notes, 'kept') },
      { change: remove(notes, { id: 'nobody', version: 1 }), outcome: conflict(notes, 'nobody') },
    ];
    for (const [number, { change, outcome }] of bad.entries()) {
      const second = bad[(number + 1) % bad.length];
      assert.ok(second);
      for (let place = 0; place <= good.length; place += 1) {
        const changes: Change[] = [...good.slice(0, place), change, ...good.slice(place), second.change];
        assert.deepEqual(await records.commit(changes), outcome);
        assert.deepEqual(await everything(records), before);
        assert.equal(await records.find(notes, 'slug', 'new'), undefined);
      }
    }
    await commitDone(records, ...good);
    assert.deepEqual(await everything(records), [
      { ...kept, version: 2, body: 'changed' },
      note('new', { slug: 'new', topic: 't' }),
    ]);
  });

  test('changes apply one after the other: a later one meets what an earlier one of the same commit left', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    await commitDone(
      records,
      insert(notes, note('n', { topic: 't' })),
      replace(notes, note('n', { topic: 't', body: 2 })),
    );
    assert.deepEqual(await everything(records), [{ id: 'n', version: 2, topic: 't', body: 2 }]);
    const stale = [replace(notes, { id: 'n', version: 2 }), check(notes, { id: 'n', version: 2 })];
    assert.deepEqual(await records.commit(stale), conflict(notes, 'n'));
    const twice = [insert(notes, note('m')), insert(notes, note('m'))];
    assert.deepEqual(await records.commit(twice), duplicate(notes, 'id'));
    await commitDone(
      records,
      remove(notes, { id: 'n', version: 2 }),
      insert(notes, note('n', { topic: 't', body: 'new' })),
    );
    assert.deepEqual(await everything(records), [note('n', { topic: 't', body: 'new' })]);
    await commitDone(records, insert(notes, note('brief', { slug: 'b' })), remove(notes, note('brief')));
    assert.equal(await records.find(notes, 'slug', 'b'), undefined);
  });

  test('a commit of very many changes is all or nothing too', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    const count = shareOf(engine, 1_000);
    const all = Array.from({ length: count }, (_, number) => note(`n${number}`, { slug: `s${number}`, topic: 't' }));
    const inserts = all.map((record) => insert(notes, record));
    const broken = [...inserts.slice(1), insert(notes, note('last', { slug: 's1' }))];
    assert.deepEqual(await records.commit(broken), duplicate(notes, 'slug'));
    assert.deepEqual(await everything(records), []);
    await commitDone(records, ...inserts);
    assert.equal((await everything(records)).length, count);
    const moved = all.map((record, number) => (number % 2 === 0 ? remove(notes, record) : replace(notes, record)));
    assert.deepEqual(await records.commit([...moved, check(notes, note('n0'))]), conflict(notes, 'n0'));
    await commitDone(records, ...moved);
    const left = await everything(records);
    assert.equal(left.length, count / 2);
    assert.ok(left.every((record) => record.version === 2));
  });
}

function committingKeysThatMove(engine: Engine): void {
  test('within one commit a key moves from a record that lets it go first, by removal or by replace', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    await commitDone(records, insert(notes, note('old', { slug: 's', alias: 'a' })));
    await commitDone(records, remove(notes, note('old')), insert(notes, note('new', { slug: 's', alias: 'a' })));
    assert.equal((await records.find(notes, 'slug', 's'))?.id, 'new');
    await commitDone(
      records,
      replace(notes, note('new', { slug: 'other' })),
      insert(notes, note('newest', { slug: 's', alias: 'a' })),
    );
    assert.equal((await records.find(notes, 'alias', 'a'))?.id, 'newest');
    assert.equal((await records.find(notes, 'slug', 'other'))?.id, 'new');
  });

  test('uniqueness is tried change after change: a key that is let go later, or swapped, is a duplicate', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    await commitDone(records, insert(notes, note('n', { slug: 'n' })), insert(notes, note('m', { slug: 'm' })));
    const late = [insert(notes, note('new', { slug: 'n' })), remove(notes, note('n'))];
    assert.deepEqual(await records.commit(late), duplicate(notes, 'slug'));
    const swap = [replace(notes, note('n', { slug: 'm' })), replace(notes, note('m', { slug: 'n' }))];
    assert.deepEqual(await records.commit(swap), duplicate(notes, 'slug'));
    assert.equal((await records.find(notes, 'slug', 'n'))?.id, 'n');
    const threeSteps = [
      replace(notes, note('n')),
      replace(notes, note('m', { slug: 'n' })),
      replace(notes, { id: 'n', version: 2, slug: 'm' }),
    ];
    await commitDone(records, ...threeSteps);
    assert.deepEqual(await records.find(notes, 'slug', 'm'), { id: 'n', version: 3, slug: 'm' });
    assert.deepEqual(await records.find(notes, 'slug', 'n'), { id: 'm', version: 2, slug: 'n' });
  });
}
