import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testClock } from '../../test/clock.ts';
import { wait } from './wait.ts';
import { within } from './within.ts';

function setUp() {
  const clock = testClock();
  const warned: string[] = [];
  const log = {
    info() {},
    warn: (_fields: object, message: string) => void warned.push(message),
    error() {},
    audit() {},
  };
  return { clock, warned, tools: { wait: clock.wait, log }, log };
}

test('work that ends in time is waited for, and nothing is left waiting', async () => {
  const { clock, warned, tools } = setUp();
  let done = false;
  await within(tools, performance.now() + 5_000, async () => {
    await new Promise(setImmediate);
    done = true;
  });
  assert.deepEqual([done, clock.waiting, warned], [true, 0, []]);
});

test('work that fails is logged and not thrown', async () => {
  const { clock, warned, tools } = setUp();
  await within(tools, performance.now() + 5_000, () => Promise.reject(new Error('no')));
  assert.deepEqual([clock.waiting, warned], [0, ['a decided operation is unfinished; the sweep will finish it']]);
});

test('work that never ends is waited for until the end of the command', async () => {
  const { clock, warned, tools } = setUp();
  const waiting = within(tools, performance.now() + 5_000, () => new Promise(() => {}));
  clock.pass(5_000);
  await waiting;
  assert.deepEqual(warned, ['a decided operation is still under way at its time limit']);
});

test('work that fails after the time limit is logged', async () => {
  const { clock, warned, tools } = setUp();
  const work = Promise.withResolvers<void>();
  const waiting = within(tools, performance.now() + 5_000, () => work.promise);
  clock.pass(5_000);
  await waiting;
  work.reject(new Error('late'));
  await new Promise(setImmediate);
  assert.equal(warned.length, 2);
});

test('where the command used its time up, nothing more is waited for', async () => {
  const { log } = setUp();
  await within({ wait, log }, performance.now() - 1, () => new Promise(() => {}));
});
