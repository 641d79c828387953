import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { createOrganizationTurns } from './organization-turns.ts';

const hungUp = { name: 'EdgeError', code: 'bad_request' };
const tooMany = { name: 'EdgeError', code: 'rate_limited' };

test('so many of an organization are in work, the others wait in their order, and past that they are refused', async () => {
  const turns = createOrganizationTurns(2);
  const [first, second] = await Promise.all([turns.take('a'), turns.take('a')]);
  const begun: number[] = [];
  const waiting = Array.from({ length: 8 }, async (_, number) => {
    const turn = await turns.take('a');
    begun.push(number);
    return turn;
  });
  await assert.rejects(turns.take('a'), tooMany);
  assert.deepEqual(begun, []);
  // Another organization is not held up.
  (await turns.take('b')).end();
  first?.end();
  (await waiting[0])?.end();
  await waiting[1];
  assert.deepEqual(begun, [0, 1]);
  second?.end();
  for (const each of waiting.slice(1)) (await each).end();
  assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 6, 7]);
});

test('no more wait to be refused than wait for a turn: the others are refused at once', async () => {
  const turns = createOrganizationTurns(1);
  const turn = await turns.take('a');
  const waiting = Array.from({ length: 4 }, () => turns.take('a'));
  let refused = 0;
  const others = Array.from({ length: 100 }, () =>
    assert.rejects(turns.take('a'), tooMany).then(() => {
      refused += 1;
    }),
  );
  // After all that is done in this turn of the event loop.
  await new Promise<void>((resolve) => process.nextTick(() => process.nextTick(resolve)));
  assert.equal(refused, 96);
  await Promise.all(others);
  turn.end();
  for (const each of waiting) (await each).end();
});

test('a turn that is handed on is not taken by a newcomer, and all end where none is left', async () => {
  const turns = createOrganizationTurns(1);
  const first = await turns.take('a');
  const second = turns.take('a');
  first.end();
  let third = false;
  const last = turns.take('a').then((turn) => {
    third = true;
    return turn;
  });
  const turn = await second;
  assert.equal(third, false);
  turn.end();
  (await last).end();
  (await turns.take('a')).end();
});

test('who waits too long is refused, and is not in the way of those behind', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const turns = createOrganizationTurns(1);
  const first = await turns.take('a');
  const late = assert.rejects(turns.take('a'), tooMany);
  context.mock.timers.tick(5_000);
  await late;
  const next = turns.take('a');
  first.end();
  (await next).end();
});

test('in a turn of the event loop two of each organization begin, however many came, and one is refused', async () => {
  const turns = createOrganizationTurns(2);
  const told: string[] = [];
  const take = (name: string) =>
    turns.take(name).then(
      (turn) => {
        told.push(name);
        turn.end();
      },
      () => told.push(`${name} refused`),
    );
  const turnsOf = async (all: readonly Promise<unknown>[]) => {
    // After all that is done in this turn.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    const perTurn: string[][] = [];
    while (told.length > 0) {
      perTurn.push(told.splice(0).toSorted());
      await turnOfLoop();
    }
    await Promise.all(all);
    return perTurn;
  };
  const many = (count: number) => Array.from({ length: count }, () => take('a'));
  // Eight may wait, beside the two that begin at once.
  const all = [take('b'), ...many(13), take('b'), take('b')];
  const refusing = ['a', 'a', 'a refused'];
  assert.deepEqual(await turnsOf(all), [['a', 'a', 'b', 'b'], [...refusing, 'b'], refusing, refusing, ['a', 'a']]);
});

test('of an organization of which many wait one begins in a turn of the event loop beside another, and two where it is alone', async () => {
  const turns = createOrganizationTurns(8);
  const told: string[] = [];
  const take = async (name: string) => {
    const turn = await turns.take(name);
    told.push(name);
    turn.end();
  };
  const all = Array.from({ length: 18 }, () => take('a'));
  const perTurn: string[][] = [];
  const turn = async () => {
    await turnOfLoop();
    perTurn.push(told.splice(0).toSorted());
  };
  await turn();
  all.push(take('b'), take('b'));
  for (let count = 0; count < 7; count += 1) await turn();
  const beside = Array.from({ length: 4 }, () => ['a']);
  assert.deepEqual(perTurn, [['a', 'a', 'a', 'a'], ['a', 'b', 'b'], ...beside, ['a', 'a'], ['a', 'a']]);
  await Promise.all(all);
});

test('of an organization two with a large body are in work, the others of them wait, and keep no other request back', async () => {
  const turns = createOrganizationTurns(8);
  const large = await Promise.all(Array.from({ length: 5 }, () => turns.take('a')));
  const begun: number[] = [];
  const all = large.map(async (turn, number) => {
    await turn.enlarge();
    // Asked again, it takes no second place.
    await turn.enlarge();
    begun.push(number);
  });
  await turnOfLoop();
  assert.deepEqual(begun, [0, 1]);
  (await turns.take('a')).end();
  // One that gives up while it waits is not in the way.
  large[2]?.end();
  await assert.rejects(Promise.resolve(all[2]), hungUp);
  large[0]?.end();
  await all[3];
  assert.deepEqual(begun, [0, 1, 3]);
  for (const number of [1, 3]) large[number]?.end();
  await all[4];
  large[4]?.end();
});

test('who hangs up makes no room while work of his is under way, and begins none after', async () => {
  const turns = createOrganizationTurns(1);
  const turn = await turns.take('a');
  const { promise: over, resolve: finish } = Promise.withResolvers<string>();
  await turn.enlarge();
  const work = turn.during(() => over);
  let begun = 0;
  const next = turns.take('a').then((taken) => {
    begun += 1;
    return taken;
  });
  turn.end();
  for (let count = 0; count < 10; count += 1) await turnOfLoop();
  assert.equal(begun, 0);
  await assert.rejects(
    turn.during(async () => 'more'),
    hungUp,
  );
  await assert.rejects(turn.enlarge(), hungUp);
  finish('done');
  assert.equal(await work, 'done');
  (await next).end();
  assert.equal(begun, 1);
});

test('a turn that is ended twice, as where an answer goes on after its work, makes room once', async () => {
  const turns = createOrganizationTurns(1);
  const first = await turns.take('a');
  await first.during(async () => first.end());
  first.end();
  const second = await turns.take('a');
  let isTaken = false;
  const third = turns.take('a').then((turn) => {
    isTaken = true;
    return turn;
  });
  for (let turn = 0; turn < 5; turn += 1) await turnOfLoop();
  assert.equal(isTaken, false);
  second.end();
  (await third).end();
});

test('work that fails does not keep its turn', async () => {
  const turns = createOrganizationTurns(1);
  const turn = await turns.take('a');
  const work = turn.during(() => Promise.reject(new Error('full')));
  turn.end();
  await assert.rejects(work, /full/);
  (await turns.take('a')).end();
});

test('who waits too long to have much in memory is refused, and takes no place of those behind', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const turns = createOrganizationTurns(8);
  const [one, two, late, behind] = await Promise.all(Array.from({ length: 4 }, () => turns.take('a')));
  await Promise.all([one?.enlarge(), two?.enlarge()]);
  const refused = assert.rejects(late?.enlarge() ?? Promise.resolve(), tooMany);
  context.mock.timers.tick(5_000);
  await refused;
  const waits = behind?.enlarge();
  late?.end();
  one?.end();
  await waits;
  for (const turn of [two, behind]) turn?.end();
});
