import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createTurns } from './turns.ts';
import { type Committing, createGroups, type Groupable, groupLimits } from './write-groups.ts';

interface Named extends Groupable {
  readonly name: string;
}

const later = () => performance.now() + 60_000;

function named(name: string, others: Partial<Groupable> = {}): Named {
  return { name, end: later(), touched: [name], changes: 1, bytes: 10, ...others };
}

/** Commits nothing: tells what was begun, and waits for the test where it holds. */
function recording({ holds = false, refuses = false, most = 100 } = {}) {
  const begun: string[] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const begin = async (what: string) => {
    begun.push(what);
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    if (holds) await gate.promise;
  };
  const inTurn = createTurns(most)('one');
  const committing: Committing<Named, string> = {
    inTurnOf: () => inTurn,
    async together(writes) {
      await begin(writes.map(({ name }) => name).join('+'));
      return refuses ? undefined : 'together';
    },
    async alone({ name, end }) {
      await inTurn(() => begin(name), end);
      return `${name} alone`;
    },
  };
  return { begun, gates, commit: createGroups(committing) };
}

test('one that comes to a line where nothing is in work goes at once, and those that come meanwhile go together', async () => {
  const { begun, gates, commit } = recording({ holds: true });
  const all = ['a', 'b', 'c'].map((name) => commit('line', named(name)));
  const other = commit('another line', named('d'));
  assert.deepEqual(begun, ['a', 'd']);
  for (const gate of gates) gate.resolve();
  assert.deepEqual([await all[0], await other], ['a alone', 'd alone']);
  await nextTurn();
  assert.deepEqual(begun, ['a', 'd', 'b+c']);
  gates.at(-1)?.resolve();
  assert.deepEqual(await Promise.all(all.slice(1)), ['together', 'together']);
});

test('no two of a group touch the same, and who has to wait for that is the first of the next group', async () => {
  const { begun, commit } = recording();
  const writes = [
    ...['a', 'b'].map((name) => named(name)),
    named('b again', { touched: ['b'] }),
    named('c'),
    named('b and c', { touched: ['b', 'c'] }),
    named('d'),
  ];
  await Promise.all(writes.map((write) => commit('line', write)));
  assert.deepEqual(begun, ['a', 'b+c+d', 'b again', 'b and c']);
});

test('a group is bounded in changes and in bytes, and a write that is larger alone goes by itself', async () => {
  const { begun, commit } = recording();
  const half = { changes: groupLimits.changes / 2 };
  const third = { bytes: groupLimits.bytes / 3 + 1 };
  const large = [{ changes: groupLimits.changes + 1 }, { bytes: groupLimits.bytes + 1 }];
  await Promise.all([
    ...['a', 'b', 'c', 'd'].map((name) => commit('changes', named(name, half))),
    ...['e', 'f', 'g', 'h'].map((name) => commit('bytes', named(name, third))),
    ...large.map((size) => commit('changes', named('large', size))),
  ]);
  assert.deepEqual(begun.toSorted(), ['a', 'b+c', 'd', 'e', 'f+g', 'h', 'large', 'large']);
});

test('each of a group that is not done goes alone, with the outcome of its own, also where one can be in work at once', async () => {
  const { begun, commit } = recording({ refuses: true, most: 1 });
  const outcomes = await Promise.all(['a', 'b', 'c'].map((name) => commit('line', named(name))));
  assert.deepEqual(outcomes, ['a alone', 'b alone', 'c alone']);
  assert.deepEqual(begun, ['a', 'b+c', 'b', 'c']);
});

test('a write that is near its end goes alone: its group would end with it', async () => {
  const { begun, commit } = recording();
  const soon = { end: performance.now() + 1_200 };
  await Promise.all([named('a'), named('b'), named('hurried', soon), named('c')].map((write) => commit('line', write)));
  assert.deepEqual(begun.toSorted(), ['a', 'b+c', 'hurried']);
});

test('a line does not wait for a group that is not done in time', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { begun, gates, commit } = recording({ holds: true });
  const all = ['a', 'b', 'c'].map((name) => commit('line', named(name)));
  context.mock.timers.tick(999);
  assert.deepEqual(begun, ['a']);
  context.mock.timers.tick(1);
  assert.deepEqual(begun, ['a', 'b+c']);
  const next = commit('line', named('d'));
  gates[0]?.resolve();
  await all[0];
  assert.deepEqual(begun, ['a', 'b+c'], 'the end of the first is not taken for that of the second');
  gates[1]?.resolve();
  await Promise.all(all);
  await nextTurn();
  gates[2]?.resolve();
  assert.equal(await next, 'd alone');
});

test('a write whose turn does not come in time is refused and not begun, and those after it are', async () => {
  const { begun, gates, commit } = recording({ holds: true, most: 1 });
  const first = commit('another line', named('a'));
  const late = commit('line', named('late', { end: performance.now() }));
  await assert.rejects(late, { code: 'storage_unavailable' });
  const next = commit('line', named('b'));
  gates[0]?.resolve();
  assert.equal(await first, 'a alone');
  await nextTurn();
  gates[1]?.resolve();
  assert.equal(await next, 'b alone');
  assert.deepEqual(begun, ['a', 'b']);
});

test('what fails for a group is told to each of it, and the next group is begun', async () => {
  const fault = new Error('a fault');
  const commit = createGroups<Named, string>({
    inTurnOf: () => createTurns(1)('one'),
    together: () => Promise.reject(fault),
    alone: async ({ name }) => name,
  });
  const all = ['a', 'b', 'c'].map((name) => commit('line', named(name)));
  const outcomes = await Promise.allSettled(all);
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : outcome.value)),
    ['a', fault, fault],
  );
  assert.equal(await commit('line', named('d')), 'd');
});
