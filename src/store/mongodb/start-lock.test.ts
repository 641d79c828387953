import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { missing } from '../../../test/mongodb/address.ts';
import { scratchDatabase } from '../../../test/mongodb/scratch.ts';
import { soon } from '../../../test/soon.ts';
import { underLock } from './start-lock.ts';

suite('the lock of a start', { skip: missing, timeout: 60_000 }, () => {
  test('of many that want it one works at a time, and all come to it', async () => {
    await using scratch = scratchDatabase();
    let working = 0;
    let most = 0;
    const work = async () => {
      working += 1;
      most = Math.max(most, working);
      await scratch.database.collection('work').insertOne({});
      working -= 1;
    };
    const times = { beat: 100, patience: 60_000, look: 10 };
    await Promise.all(Array.from({ length: 12 }, () => underLock(scratch.database, work, { times })));
    assert.equal(most, 1);
    assert.equal(await scratch.database.collection('work').countDocuments(), 12);
    assert.deepEqual(await scratch.database.collection('tenantry').find().toArray(), []);
  });

  test('the lock of a holder that died is taken when it has stood still, and that of one that lives is not', async () => {
    await using scratch = scratchDatabase();
    const locks = scratch.database.collection<{ _id: string; owner: string; beat: number }>('tenantry');
    await locks.insertOne({ _id: 'lock', owner: 'one that died', beat: 7 });
    const times = { beat: 50, patience: 1_500, look: 20 };
    const begun = performance.now();
    const living = Promise.withResolvers<void>();
    const taken = Promise.withResolvers<void>();
    const first = underLock(
      scratch.database,
      async () => {
        taken.resolve();
        await living.promise;
      },
      { times },
    );
    await soon(taken.promise, 'the lock to be taken over');
    assert.ok(performance.now() - begun >= 1_500);
    const turns: string[] = [];
    const waiting = underLock(scratch.database, async () => void turns.push('second'), { times });
    // Far longer than the patience, while the holder gives signs of life.
    while (((await locks.findOne({ _id: 'lock' }))?.beat ?? 0) < 60) assert.deepEqual(turns, []);
    living.resolve();
    await Promise.all([first, waiting]);
    assert.deepEqual(turns, ['second']);
  });

  test('work that fails gives the lock back', async () => {
    await using scratch = scratchDatabase();
    const failure = new Error('the work failed');
    await assert.rejects(
      underLock(scratch.database, () => Promise.reject(failure)),
      failure,
    );
    await underLock(scratch.database, async () => {});
  });
});
