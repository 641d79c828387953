import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type TestClock, testClock } from '../../test/clock.ts';
import { type Ground, openGround } from '../../test/contract/ground.ts';
import { type Note, note, notes } from '../../test/contract/kinds.ts';
import { engines } from '../../test/engines.ts';
import { intercept, unavailable } from '../../test/intercept.ts';
import { soon } from '../../test/soon.ts';
import type { Log } from '../log.ts';
import { insert, type Records, replace } from '../store/records.ts';
import type { Sessions } from '../store/sessions.ts';
import { beatMilliseconds, instances, leaseMilliseconds } from './instance.ts';
import { joinInstances, type Membership } from './join.ts';
import { leases } from './lease.ts';
import { giveBack, type Held, LeaseLostError, takeLease } from './take.ts';

const kinds = [instances, leases, notes];

/** A process with clocks of its own: what passes on one clock does not on the other's. */
interface Member {
  readonly membership: Membership;
  readonly clock: TestClock;
  readonly logged: string[];
  /** Whose sessions it has ended. */
  readonly ended: string[];
  /** Does the work until the end of the test, and tells of each time that it has its lease. */
  keep(): { next(): Promise<Held>; end(): Promise<void> };
}

interface Joining {
  readonly isShared?: boolean;
  /** The sessions that it has. */
  readonly sessions?: () => readonly string[];
  /** What comes of ending those of others. */
  readonly end?: () => Promise<void>;
}

async function join(
  records: Records,
  { isShared = true, sessions: ids = () => [], end = async () => {} }: Joining = {},
): Promise<Member> {
  const clock = testClock();
  const logged: string[] = [];
  const add = (_: object, message: string) => void logged.push(message);
  const log: Log = { info: add, warn: add, error: add, audit: add };
  const ended: string[] = [];
  const sessions: Sessions = {
    ids,
    async end(others) {
      ended.push(...others);
      await end();
    },
  };
  const membership = await joinInstances({
    records,
    sessions,
    isShared,
    log,
    onLease() {},
    // Years apart, which nobody looks at.
    now: () => new Date(clock.now() * (1 + Math.random())),
    elapsed: clock.now,
    wait: clock.wait,
  });
  return {
    membership,
    clock,
    logged,
    ended,
    keep() {
      const ending = new AbortController();
      const waiting: ((held: Held) => void)[] = [];
      const had: Held[] = [];
      const run = async (held: Held) => {
        const tell = waiting.shift();
        if (tell === undefined) had.push(held);
        else tell(held);
        await new Promise((resolve) => held.signal.addEventListener('abort', resolve));
      };
      const kept = membership.keep('rounds', run, ending.signal);
      return {
        next() {
          const held = had.shift();
          if (held !== undefined) return Promise.resolve(held);
          return soon(new Promise<Held>((resolve) => waiting.push(resolve)), 'the lease');
        },
        async end() {
          ending.abort();
          await kept;
        },
      };
    },
  };
}

/** Lets so many beats pass, each with what is done in it. */
async function beats({ clock }: Member, count: number, waits = 2): Promise<void> {
  for (let beat = 0; beat < count; beat += 1) {
    await clock.whenWaiting(waits);
    clock.pass(beatMilliseconds);
    await clock.whenWaiting(waits);
  }
}

/** Lets beats pass until it comes. */
async function within<T>({ clock }: Member, coming: Promise<T>): Promise<T> {
  let isThere = false;
  const there = coming.finally(() => {
    isThere = true;
  });
  while (!isThere) {
    await Promise.race([clock.whenWaiting(1), there]);
    clock.pass(beatMilliseconds);
    await new Promise(setImmediate);
  }
  return await there;
}

const deadBeats = leaseMilliseconds / beatMilliseconds;

async function ground(engine: (typeof engines)[number]): Promise<Ground> {
  return await openGround(engine, { kinds });
}

for (const engine of engines) {
  describe(`instances on the ${engine.name} engine`, () => {
    test('one of two has the lease, and when it leaves the other takes it at its next look', async () => {
      await using opened = await ground(engine);
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
      await using opened = await ground(engine);
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
      await using opened = await ground(engine);
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
      await using opened = await ground(engine);
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
      await using opened = await ground(engine);
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

    test('what one that is dead may have open is ended by who finds it, and not before', async () => {
      await using opened = await ground(engine);
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
      await using opened = await ground(engine);
      const dead = await join(opened.records, { sessions: () => ['left'] });
      const alone = await join(opened.records, { isShared: false, sessions: () => ['own'] });
      await alone.membership.leave();
      assert.deepEqual(alone.ended, ['left']);
      dead.clock.pass(beatMilliseconds);
    });

    test('what the dead may have open and cannot be ended now is told, and no beat is missed for it', async () => {
      await using opened = await ground(engine);
      const dead = await join(opened.recordsOf(0), { sessions: () => ['left'] });
      const awake = await join(opened.recordsOf(1), { end: () => Promise.reject(unavailable()) });
      const former = awake.membership.id();
      await beats(awake, deadBeats + 1, 1);
      assert.match(awake.logged.join(), /stands still.*could not be ended/);
      await beats(awake, 1, 1);
      assert.equal(awake.membership.id(), former);
      await awake.membership.leave();
      await dead.membership.leave();
    });

    test('a deployment that does not answer when the dead have something open there keeps nobody from showing that it lives', async () => {
      await using opened = await ground(engine);
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
      await using opened = await ground(engine);
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

    test('of many that reach for a free lease at once one has it', async () => {
      await using opened = await ground(engine);
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
