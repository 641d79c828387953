import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { TenantryError } from '../errors.ts';
import { createHashQueue, type HashQueue, hashingWorkers } from './hash-queue.ts';

/** Work that is begun by the queue and finished by the test. */
function work(queue: HashQueue, begun: number[], id = 0, line = 'one') {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const result = queue.run(line, () => {
    begun.push(id);
    return promise;
  });
  result.catch(() => undefined); // a refusal is looked at by the test, maybe later
  return { result, finish: () => resolve(id), fail: (error: Error) => reject(error) };
}

function queueOf(workers: number, waitSeconds = 1_000) {
  let milliseconds = 0;
  const queue = createHashQueue({ workers, waitSeconds, hashSeconds: 1, clock: () => milliseconds });
  return { queue, pass: (seconds: number) => (milliseconds += seconds * 1000) };
}

test('no more than the workers are in work, and the others begin in the order they came', async () => {
  const { queue } = queueOf(2);
  const begun: number[] = [];
  const jobs = [0, 1, 2, 3, 4].map((id) => work(queue, begun, id));
  await turn();
  assert.deepEqual(begun, [0, 1]);
  assert.deepEqual([queue.working, queue.waiting], [2, 3]);

  jobs[1]?.finish();
  await turn();
  assert.deepEqual(begun, [0, 1, 2]);
  jobs[0]?.finish();
  jobs[2]?.finish();
  await turn();
  assert.deepEqual(begun, [0, 1, 2, 3, 4]);

  jobs[3]?.finish();
  jobs[4]?.finish();
  assert.deepEqual(await Promise.all(jobs.map((job) => job.result)), [0, 1, 2, 3, 4]);
  assert.deepEqual([queue.working, queue.waiting], [0, 0]);
});

test('a newcomer never overtakes one that waits', async () => {
  const { queue } = queueOf(1);
  const begun: number[] = [];
  const first = work(queue, begun, 0);
  work(queue, begun, 1);
  first.finish();
  await first.result;
  work(queue, begun, 2);
  await turn();
  assert.deepEqual(begun, [0, 1]);
});

test('lines take turns, each in its own order, so that a long one holds up no other', async () => {
  const { queue } = queueOf(1);
  const begun: number[] = [];
  const flood = [0, 1, 2, 3, 4].map((id) => work(queue, begun, id, 'flood'));
  const others = [work(queue, begun, 10, 'ada'), work(queue, begun, 11, 'ada'), work(queue, begun, 20, 'sol')];
  for (const job of [...flood, ...others]) job.finish();
  await Promise.all([...flood, ...others].map(({ result }) => result));
  assert.deepEqual(begun, [0, 1, 10, 20, 2, 11, 3, 4]);
  assert.deepEqual([queue.working, queue.waiting], [0, 0]);
});

test('where all would wait too long the last of the longest line is refused, and a newcomer of a short line is taken', async () => {
  const { queue } = queueOf(1, 5);
  const begun: number[] = [];
  const flood = Array.from({ length: 1 + 6 }, (_, id) => work(queue, begun, id, 'flood'));
  const taken = work(queue, begun, 10, 'ada');
  await assert.rejects(flood[6]?.result ?? assert.fail(), { code: 'busy', retryAfterSeconds: 6 });
  assert.equal(queue.waiting, 6);
  await assert.rejects(work(queue, begun, 7, 'flood').result, { code: 'busy' });

  for (const job of [...flood, taken]) job.finish();
  assert.equal(await taken.result, 10);
  assert.deepEqual(begun.slice(0, 3), [0, 1, 10]);
});

test('of lines that are all short a newcomer takes no place', async () => {
  const { queue } = queueOf(1, 5);
  const begun: number[] = [];
  const jobs = Array.from({ length: 1 + 6 }, (_, id) => work(queue, begun, id, `line ${id}`));
  await assert.rejects(work(queue, begun, 10, 'another').result, { code: 'busy' });
  await assert.rejects(work(queue, begun, 11, 'line 6').result, { code: 'busy' });
  assert.equal(queue.waiting, 6);
  for (const job of jobs) job.finish();
  await Promise.all(jobs.map(({ result }) => result));
});

test('work that fails hands its turn on, and its error to whoever asked', async () => {
  const { queue } = queueOf(1);
  const begun: number[] = [];
  const bad = work(queue, begun, 0);
  const good = work(queue, begun, 1);
  bad.fail(new Error('no luck'));
  await assert.rejects(bad.result, /no luck/);
  good.finish();
  assert.equal(await good.result, 1);
});

test('who would wait longer than the limit is refused with the time until the line is worked off', async () => {
  const { queue } = queueOf(2, 5); // 1 s a hash, two at once: the eleventh that waits would wait for 5.5 s
  const begun: number[] = [];
  const jobs = Array.from({ length: 2 + 11 }, (_, id) => work(queue, begun, id));
  await turn();
  assert.equal(queue.waiting, 11);

  const refused = work(queue, begun, 99);
  await assert.rejects(refused.result, (error) => {
    assert.ok(error instanceof TenantryError);
    assert.equal(error.code, 'busy');
    assert.equal(error.retryAfterSeconds, 6);
    return true;
  });
  assert.equal(queue.waiting, 11, 'the refused one does not wait');

  jobs[0]?.finish();
  await turn();
  const taken = work(queue, begun, 100);
  await turn();
  assert.equal(queue.waiting, 11);
  for (const job of [...jobs, taken]) job.finish();
  assert.equal(await taken.result, 100);
});

test('the expected wait follows the time that hashes take', async () => {
  const { queue, pass } = queueOf(1, 5);
  for (let count = 0; count < 100; count += 1) {
    await queue.run('one', async () => pass(10));
  }
  const begun: number[] = [];
  work(queue, begun);
  work(queue, begun);
  const refused = work(queue, begun); // one waits already: 10 s
  await assert.rejects(refused.result, { code: 'busy', retryAfterSeconds: 10 });
});

test('one idle worker is enough to be taken, however slow hashes are', async () => {
  const { queue, pass } = queueOf(1, 1);
  await queue.run('one', async () => pass(1_000_000));
  assert.equal(await queue.run('one', async () => 'done'), 'done');
});

test('stopping refuses what has not begun and what comes later, and waits for what has begun', async () => {
  const { queue } = queueOf(1);
  const begun: number[] = [];
  const inWork = work(queue, begun, 0);
  const waits = work(queue, begun, 1);
  await turn();

  let stopped = false;
  const stop = queue.stop().then(() => {
    stopped = true;
  });
  const late = work(queue, begun, 2);
  for (const job of [waits, late]) await assert.rejects(job.result, { code: 'stopping', retryAfterSeconds: 1 });
  await turn();
  assert.equal(stopped, false);
  assert.deepEqual(begun, [0]);

  inWork.finish();
  assert.equal(await inWork.result, 0);
  await stop;
  assert.deepEqual([queue.working, queue.waiting], [0, 0]);
  await queue.stop();
});

test('stopping an idle queue is done at once', async () => {
  await queueOf(1).queue.stop();
});

test('hashing takes the cores there are, but never the last thread of the pool', () => {
  assert.equal(hashingWorkers(2, 4), 2);
  assert.equal(hashingWorkers(4, 4), 3);
  assert.equal(hashingWorkers(64, 4), 3);
  assert.equal(hashingWorkers(64, 128), 64);
  assert.equal(hashingWorkers(8, 1), 1);
});
