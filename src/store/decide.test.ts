import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byEnd, commandEnd, decide, moved } from './decide.ts';

test('an attempt whose commit met another version is made again, from its reads on', async () => {
  let attempts = 0;
  const result = await decide(async () => {
    attempts += 1;
    return attempts < 3 ? moved : attempts;
  });
  assert.equal(result, 3);
});

test('what an attempt gives is the answer, also where it is nothing', async () => {
  assert.equal(await decide(async () => undefined), undefined);
});

test('past its end a command is tried no more, and the caller is told to come back', async () => {
  let attempts = 0;
  const deciding = decide(async () => {
    attempts += 1;
    return moved;
  }, performance.now() - 1);
  await assert.rejects(deciding, { code: 'busy', retryAfterSeconds: 1 });
  assert.equal(attempts, 1);
});

test('an error ends a command at once', async () => {
  const failure = new Error('the disk is gone');
  await assert.rejects(
    decide(() => Promise.reject(failure)),
    failure,
  );
});

test('a command has five seconds', () => {
  const left = commandEnd() - performance.now();
  assert.ok(left > 4_900 && left <= 5_000, `${left} ms`);
});

test('a command that the storage keeps waiting ends at its end, and one that is answered keeps no timer', async () => {
  const waiting = Promise.withResolvers<never>();
  const refused = { code: 'storage_unavailable', retryAfterSeconds: 5 };
  await assert.rejects(
    decide(() => waiting.promise, performance.now() + 20),
    refused,
  );
  await assert.rejects(byEnd(waiting.promise, performance.now()), refused);
  assert.equal(await byEnd(Promise.resolve('in time'), commandEnd()), 'in time');
  assert.ok(!process.getActiveResourcesInfo().includes('Timeout'));
});
