import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Note, note, notes } from '../../test/contract/kinds.ts';
import { engines } from '../../test/engines.ts';
import { beats, deadBeats, join, openInstances, within } from '../../test/instances.ts';
import { intercept, unavailable } from '../../test/intercept.ts';
import { soon } from '../../test/soon.ts';
import { insert, replace } from '../store/records.ts';
import { beatMilliseconds, instances } from './instance.ts';
import { giveBack, LeaseLostError, takeLease } from './take.ts';

for (const engine of engines) {
  describe(`instances on the ${engine.name} engine`, () => {
    test('one of two has the lease, and when it leaves the other takes it at its next look', async () => {
      await using opened = await openInstances(engine);
      const [one, two] = [await join(opened.recordsOf(0)), await join(opened.recordsOf(1))];
      const first = one.keep();
      await first.next();
      const second = two.keep();
      // Both are alive, and show it, for much longer than a lease.
      for (let round = 0; round < 3 * deadBeats; round += 1) {
        await beats(two, 1);
        await beats(one, 1, 1);
      }
      await first.end();
      await one.membership.leave();
      await two.clock.whenWaiting(2);
      two.clock.pass(beatMilliseconds);
      const held = await second.next();
      assert.equal(held.signal.aborted, false);
      assert.deepEqual(two.logged, ['this instance has the lease on this work now']);
      assert.equal((await opened.records.list(instances, 'started_at', { limit: 10 })).length, 1);
      await second.end();
      await two.membership.leave();
    });

    test('who stands still for the length of a lease loses it, not before, and changes nothing more when it wakes', async () => {
      await using opened = await openInstances(engine);
      const [asleep, awake] = [await join(opened.recordsOf(0)), await join(opened.recordsOf(1))];
      const first = asleep.keep();
      const old = await first.next();
      assert.equal((await old.records.commit([insert(notes, note('n'))])).result, 'done');
      const second = awake.keep();
      // It has seen it when it joined.
      await beats(awake, deadBeats - 1);
      assert.deepEqual(awake.logged, []);
      const held = await within(awake, second.next());
      assert.match(awake.logged.join(), /stands still/);
      const standing = await opened.records.get(notes, 'n');
      assert.ok(standing);
      const late: Note = { ...standing, body: 'late' };
      await assert.rejects(old.records.commit([replace(notes, late)]), LeaseLostError);
      assert.deepEqual(await opened.records.get(notes, 'n'), standing);
      assert.equal(old.signal.aborted, true);
      assert.equal((await held.records.commit([replace(notes, { ...standing, body: 'new' })])).result, 'done');
      // It is one of them again, under another id, and takes the lease when it is free.
      const former = asleep.membership.id();
      asleep.clock.pass(beatMilliseconds);
      await asleep.clock.whenWaiting(2);
      assert.notEqual(asleep.membership.id(), former);
      await second.end();
      await awake.membership.leave();
      asleep.clock.pass(beatMilliseconds);
      await first.next();
      await first.end();
      await asleep.membership.leave();
    });

    test('who was taken for dead ends its work also where it commits nothing', async () => {
      await using opened = await openInstances(engine);
      const [asleep, awake] = [await join(opened.recordsOf(0)), await join(opened.recordsOf(1))];
      const first = asleep.keep();
      const old = await first.next();
      await beats(awake, deadBeats + 1, 1);
      asleep.clock.pass(beatMilliseconds);
      await soon(new Promise((resolve) => old.signal.addEventListener('abort', resolve)), 'the end of the work');
      await first.end();
      await asleep.membership.leave();
      await awake.membership.leave();
    });

    test('while nobody could be looked at, nobody is taken for dead', async () => {
      await using opened = await openInstances(engine);
      let fails = false;
      const records = intercept(opened.recordsOf(1), 'list', (forward) =>
        fails ? Promise.reject(unavailable()) : forward(),
      );
      const [one, two] = [await join(opened.recordsOf(0)), await join(records)];
      await beats(two, 1, 1);
      fails = true;
      await beats(two, 2 * deadBeats, 1);
      fails = false;
      await beats(two, deadBeats, 1);
      assert.deepEqual(two.logged, ['this instance cannot show that it lives; it goes on trying']);
      await beats(two, 1, 1);
      assert.match(two.logged.join(), /stands still/);
      await one.membership.leave();
      await two.membership.leave();
    });

    test('one that has the data for itself has every lease at once, whoever had it before', async () => {
      await using opened = await openInstances(engine);
      const dead = await join(opened.records);
      await dead.keep().next();
      const alone = await join(opened.records, { isShared: false });
      const kept = alone.keep();
      await kept.next();
      assert.equal((await opened.records.list(instances, 'started_at', { limit: 10 })).length, 1);
      await kept.end();
      await alone.membership.leave();
      dead.clock.pass(beatMilliseconds);
    });

    test('of many that reach for a free lease at once one has it', async () => {
      await using opened = await openInstances(engine);
      const members = await Promise.all(Array.from({ length: 8 }, (_, turn) => join(opened.recordsOf(turn))));
      for (let round = 0; round < 3; round += 1) {
        const taken = await Promise.all(
          members.map(({ membership }, turn) => takeLease(opened.recordsOf(turn), 'relay', membership.id() ?? '')),
        );
        const [lease, ...others] = taken.filter((each) => each !== undefined);
        assert.ok(lease);
        assert.deepEqual(others, []);
        await giveBack(opened.records, lease);
      }
      for (const { membership } of members) await membership.leave();
    });
  });
}
