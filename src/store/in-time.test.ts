import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTime } from './in-time.ts';

test('each of several waits ends at its own end, in whatever order they began', async () => {
  const never = new Promise<never>(() => {});
  const begun = performance.now();
  const ended: string[] = [];
  const wait = async (name: string, milliseconds: number) => {
    await assert.rejects(
      inTime(never, begun + milliseconds, () => new Error(name)),
      { message: name },
    );
    ended.push(name);
    assert.ok(performance.now() - begun > milliseconds - 2, `${name} ended early`);
  };
  await Promise.all([wait('second', 60), wait('first', 30), wait('third', 90), wait('over', -1)]);
  assert.deepEqual(ended, ['over', 'first', 'second', 'third']);
});

test('a wait that begins when others have ended still ends at its end', async () => {
  const never = new Promise<never>(() => {});
  const late = () => new Error('late');
  assert.equal(await inTime(Promise.resolve(1), performance.now() + 40, late), 1);
  await assert.rejects(inTime(Promise.reject(new Error('broken')), performance.now() + 40, late), /broken/);
  assert.ok(!process.getActiveResourcesInfo().includes('Timeout'));
  const begun = performance.now();
  await assert.rejects(inTime(never, begun + 60, late), /late/);
  assert.ok(performance.now() - begun > 58);
  assert.ok(!process.getActiveResourcesInfo().includes('Timeout'));
});
