import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { wait } from './wait.ts';

const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

test('a wait ends when its time is over', async () => {
  const began = performance.now();
  await wait(20);
  assert.ok(performance.now() - began >= 19);
});

test('a wait ends when its signal is aborted, and leaves neither a timer nor a listener behind', async () => {
  const before = timers();
  const stop = new AbortController();
  const waiting = wait(60_000, stop.signal);
  assert.equal(timers(), before + 1);
  stop.abort();
  await waiting;
  await wait(60_000, stop.signal);
  assert.equal(timers(), before);
  assert.equal(getEventListeners(stop.signal, 'abort').length, 0);
});

test('a signal that outlives many waits holds nothing of them', async () => {
  const { signal } = new AbortController();
  for (let turn = 0; turn < 20; turn += 1) await wait(0, signal);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});
