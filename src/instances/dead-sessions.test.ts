import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines } from '../../test/engines.ts';
import { beats, deadBeats, join, openInstances } from '../../test/instances.ts';
import { intercept, unavailable } from '../../test/intercept.ts';
import { beatMilliseconds, instances } from './instance.ts';

for (const engine of engines) {
  describe(`sessions of the dead on the ${engine.name} engine`, () => {
    test('what one that is dead may have open is ended by who finds it, and not before', async () => {
      await using opened = await openInstances(engine);
      const others: string[] = ['first'];
      const asleep = await join(opened.recordsOf(0), { sessions: () => [...others] });
      const awake = await join(opened.recordsOf(1), { sessions: () => ['own'] });
      others.push('later');
      await beats(asleep, 1, 1);
      await beats(awake, deadBeats, 1);
      assert.deepEqual(awake.ended, []);
      await beats(awake, 2, 1);
      assert.deepEqual(awake.ended, others);
      assert.deepEqual(asleep.ended, []);
      await awake.membership.leave();
      await asleep.membership.leave();
    });

    test('one that has the data for itself ends what its predecessor may have open', async () => {
      await using opened = await openInstances(engine);
      const dead = await join(opened.records, { sessions: () => ['left'] });
      const alone = await join(opened.records, { isShared: false, sessions: () => ['own'] });
      await alone.membership.leave();
      assert.deepEqual(alone.ended, ['left']);
      dead.clock.pass(beatMilliseconds);
    });

    test('what one that is dead has open is ended also where it holds its own record', async () => {
      await using opened = await openInstances(engine);
      let isHeld = true;
      const records = intercept(opened.recordsOf(1), 'commit', (forward, changes) =>
        isHeld && changes.some(({ op }) => op === 'remove') ? Promise.reject(unavailable()) : forward(),
      );
      const dead = await join(opened.recordsOf(0), { sessions: () => ['left'] });
      const awake = await join(records, {
        async end(ids) {
          if (ids.includes('left')) isHeld = false;
        },
      });
      await beats(awake, deadBeats + 1, 1);
      assert.match(awake.logged.join(), /stands still/);
      await awake.membership.leave();
      await dead.membership.leave();
    });

    test('what the dead may have open and cannot be ended now is told, and no beat is missed for it', async () => {
      await using opened = await openInstances(engine);
      const dead = await join(opened.recordsOf(0), { sessions: () => ['left'] });
      const awake = await join(opened.recordsOf(1), { end: () => Promise.reject(unavailable()) });
      const former = awake.membership.id();
      await beats(awake, deadBeats + 1, 1);
      for (const told of [/stands still/, /could not be ended/]) assert.match(awake.logged.join(), told);
      await beats(awake, 1, 1);
      assert.equal(awake.membership.id(), former);
      await awake.membership.leave();
      await dead.membership.leave();
    });

    test('a deployment that does not answer when the dead have something open there keeps nobody from showing that it lives', async () => {
      await using opened = await openInstances(engine);
      const answered = Promise.withResolvers<void>();
      const [dead, awake] = [
        await join(opened.recordsOf(0), { sessions: () => ['left'] }),
        await join(opened.recordsOf(1), { end: () => answered.promise }),
      ];
      await beats(awake, deadBeats + 1, 1);
      assert.deepEqual(awake.ended, ['left']);
      const version = async () => (await opened.records.get(instances, awake.membership.id() ?? ''))?.version ?? 0;
      const before = await version();
      await beats(awake, 3, 1);
      assert.equal(await version(), before + 3);
      answered.resolve();
      await awake.membership.leave();
      await dead.membership.leave();
    });

    test('one that has the data for itself names further sessions, and writes nothing else', async () => {
      await using opened = await openInstances(engine);
      const own = ['first'];
      const alone = await join(opened.records, { isShared: false, sessions: () => [...own] });
      const standing = () => opened.records.get(instances, alone.membership.id() ?? '');
      await beats(alone, 3, 1);
      assert.equal((await standing())?.version, 1);
      own.push('later');
      await beats(alone, 2, 1);
      assert.deepEqual((await standing())?.sessions, own);
      assert.equal((await standing())?.version, 2);
      await alone.membership.leave();
    });
  });
}
