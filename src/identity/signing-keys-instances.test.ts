import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeJwt } from 'jose';
import { testClock } from '../../test/clock.ts';
import { forge, holder, type Instance, startInstance, startInstances } from '../../test/key-instances.ts';
import { memoryKeyStore } from '../../test/key-store.ts';
import { nextKey } from './signing-keys-set.ts';

const refused = { code: 'not_authenticated' };
const unavailable = { code: 'storage_unavailable', retryAfterSeconds: 1 };

test('instances that start together make one key', async () => {
  const { instances, shared, end } = await startInstances(Array(10).fill(0));
  assert.equal(shared.writes, 1);
  assert.equal(new Set(instances.map(({ keys }) => keys.current().id)).size, 1);
  await end();
});

test('a rotation is known to all within a second, before anybody signs with it, and signs everywhere within five', async () => {
  const { instances, clock, begin, pass, end } = await startInstances([0, 0, 0]);
  const [first] = instances;
  assert.ok(first);
  const old = first.keys.current().id;
  const rotation = begin(first);
  await clock.whenWaiting(4);
  await pass(1_000);
  for (const { keys } of instances) {
    assert.equal(keys.jwks().keys.length, 2);
    assert.equal(keys.current().id, old);
  }
  await pass(1_999);
  for (const { keys } of instances) assert.equal(keys.current().id, old);
  await pass(1);
  const made = await rotation;
  assert.equal(first.keys.current().id, made);
  await pass(1_000);
  for (const { keys } of instances) {
    assert.equal(keys.current().id, made);
    assert.ok(keys.publicKey(old));
  }
  await end();
});

test('no token that one instance made is refused by another, whatever is rotated, forged, cut off or set wrong meanwhile', async () => {
  const who = fc.nat({ max: 2 });
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ pass: fc.integer({ min: 1, max: 1_500 }) }) },
    { weight: 2, arbitrary: fc.record({ rotate: who }) },
    { weight: 1, arbitrary: fc.record({ cut: who }) },
    { weight: 1, arbitrary: fc.record({ mend: who }) },
  );
  const skew = fc.integer({ min: -20_000, max: 20_000 });
  const property = fc.asyncProperty(
    fc.tuple(skew, skew, skew),
    fc.array(step, { minLength: 10, maxLength: 30 }),
    async (skews, steps) => {
      const { instances, clock, begin, pass, end } = await startInstances(skews);
      const at = (place: number) => instances[place] ?? assert.fail();
      const made: string[] = [];
      const rotations: Promise<unknown>[] = [];
      for (const each of steps) {
        if ('pass' in each) await pass(each.pass);
        // Where the way is cut a rotation may fail; no token may suffer from it.
        else if ('rotate' in each) rotations.push(Promise.allSettled([begin(at(each.rotate))]));
        else if ('cut' in each) at(each.cut).door.failure = new Error('cut off');
        else at(each.mend).door.failure = undefined;
        await pass(0);
        for (const { tokens } of instances) made.push(await tokens.issue(holder));
        await checkEverywhere(instances, made, clock.now());
      }
      for (const { door } of instances) door.failure = undefined;
      while (instances.some(({ rotating }) => rotating > 0)) await pass(1_000);
      await Promise.all(rotations);
      for (let second = 0; second < 6; second += 1) await pass(1_000);
      for (const token of made) for (const { tokens } of instances) await tokens.check(token);
      assert.equal(new Set(instances.map(({ keys }) => keys.current().id)).size, 1);
      await end();
    },
  );
  await fc.assert(property, { numRuns: 20 });
});

/** Each instance first gets forged tokens, so that it looks into the store no more for the others. */
async function checkEverywhere(instances: readonly Instance[], made: readonly string[], now: number): Promise<void> {
  for (const { tokens, keys, door } of instances) {
    // An instance that could not read less than a second ago does not ask again; it may say that it cannot tell.
    const isCutOff = door.failure !== undefined || now - door.failedAt < 1_000;
    const told = isCutOff ? ['not_authenticated', 'storage_unavailable'] : ['not_authenticated'];
    for (const id of ['unknown', keys.current().id]) {
      await assert.rejects(tokens.check(forge(made[0] ?? '', id)), ({ code }: { code?: string }) =>
        told.includes(code ?? ''),
      );
    }
    for (const token of made.slice(-9)) {
      await tokens.check(token).catch((error: { code?: string }) => {
        if (!isCutOff || error.code !== 'storage_unavailable') throw error;
      });
    }
  }
}

test('two rotations at once, on two instances, are one', async () => {
  const { instances, shared, clock, begin, pass, end } = await startInstances([0, 0]);
  const rotations = instances.map(begin);
  await clock.whenWaiting(4);
  await pass(3_000);
  const [one, other] = await Promise.all(rotations);
  assert.equal(one, other);
  assert.equal(shared.kept?.set.keys.length, 2);
  for (const { keys } of instances) assert.equal(keys.current().id, one);
  await end();
});

test('rotations at once on one instance each end with a key of their own', async () => {
  const { instances, clock, begin, pass, end } = await startInstances([0]);
  const [only] = instances;
  assert.ok(only);
  const rotations = Promise.all([begin(only), begin(only)]);
  await clock.whenWaiting(2);
  for (let second = 0; second < 7; second += 1) await pass(1_000);
  const [one, other] = await rotations;
  assert.notEqual(one, other);
  assert.equal(only.keys.current().id, other);
  await end();
});

test('a rotation whose instance died is finished by another', async () => {
  const { instances, shared, clock, pass, end } = await startInstances([0, 0]);
  const dying = await startInstance(shared, clock);
  const rotation = assert.rejects(dying.keys.rotate(), /died/);
  await clock.whenWaiting(3);
  const made = shared.kept && nextKey(shared.kept.set)?.id;
  assert.ok(made);
  dying.door.failure = new Error('died');
  clock.pass(1_000);
  await clock.whenWaiting(3);
  for (let second = 0; second < 2; second += 1) {
    clock.pass(1_000);
    if (second === 1) await rotation;
    await clock.whenWaiting(second === 1 ? 2 : 3);
    for (const { keys } of instances) assert.notEqual(keys.current().id, made);
  }
  for (let second = 0; second < 2; second += 1) await pass(1_000);
  for (const { keys } of instances) assert.equal(keys.current().id, made);
  assert.equal(shared.writes, 3);
  await end();
});

test('a flood of tokens with unknown keys costs one reading a second', async () => {
  const clock = testClock();
  const shared = memoryKeyStore({ shared: true });
  const { door, tokens } = await startInstance(shared, clock);
  const like = await tokens.issue(holder);
  const flood = () =>
    Promise.all(
      Array.from({ length: 200 }, (_, place) => assert.rejects(tokens.check(forge(like, `key ${place}`)), refused)),
    );
  door.reads = 0;
  for (let second = 0; second < 5; second += 1) {
    await flood();
    clock.pass(500);
    await flood();
    clock.pass(500);
  }
  assert.equal(door.reads, 4);
});

test('a flood costs no more while the store fails, and is told that nobody can say', async () => {
  const clock = testClock();
  const { door, tokens } = await startInstance(memoryKeyStore({ shared: true }), clock);
  const token = await tokens.issue(holder);
  door.failure = new Error('gone');
  door.reads = 0;
  clock.pass(1_000);
  for (let each = 0; each < 200; each += 1)
    await assert.rejects(tokens.check(forge(token, `key ${each}`)), unavailable);
  assert.equal(door.reads, 1);
  assert.equal((await tokens.check(token)).jti, decodeJwt(token).jti);
});

test('a store that does not answer holds up nobody for long', async () => {
  const clock = testClock();
  const shared = memoryKeyStore({ shared: true });
  const { door, tokens } = await startInstance(shared, clock);
  const token = await tokens.issue(holder);
  const answer = Promise.withResolvers<void>();
  shared.pause = answer.promise;
  clock.pass(1_000);
  door.reads = 0;
  const first = assert.rejects(tokens.check(forge(token, 'unknown')), refused);
  clock.pass(2_000);
  await assert.rejects(tokens.check(forge(token, 'unknown')), unavailable);
  await tokens.check(token);
  answer.resolve();
  await first;
  assert.equal(door.reads, 1);
});

test('a token of a key that this instance has not read yet is taken', async () => {
  const clock = testClock();
  const shared = memoryKeyStore({ shared: true });
  const [one, other] = [await startInstance(shared, clock), await startInstance(shared, clock)];
  const rotation = one.keys.rotate();
  await clock.whenWaiting();
  clock.pass(3_000);
  await rotation;
  const token = await one.tokens.issue(holder);
  const checks = await Promise.all(Array.from({ length: 20 }, () => other.tokens.check(token)));
  assert.equal(new Set(checks.map(({ jti }) => jti)).size, 1);
  assert.equal(other.door.reads, 2);
});

test('while the store cannot be read the keys stay, and of failures in a row one line is logged', async () => {
  const { instances, pass, end } = await startInstances([0]);
  const [only] = instances;
  assert.ok(only);
  const { id } = only.keys.current();
  only.door.failure = new Error('gone');
  for (let second = 0; second < 5; second += 1) await pass(1_000);
  assert.equal(only.keys.current().id, id);
  only.door.failure = undefined;
  for (let second = 0; second < 2; second += 1) await pass(1_000);
  assert.deepEqual(only.lines, [
    'warn: the signing keys cannot be read; they stay as they are',
    'info: the signing keys are read again',
  ]);
  await end();
});

test('a reading that a later one overtook does not bring the old keys back', async () => {
  const clock = testClock();
  const shared = memoryKeyStore({ shared: true });
  const [one, other] = [await startInstance(shared, clock), await startInstance(shared, clock)];
  const rotation = one.keys.rotate();
  await clock.whenWaiting();
  clock.pass(1_000);
  const answer = Promise.withResolvers<void>();
  shared.pause = answer.promise;
  const slow = other.keys.learn();
  shared.pause = undefined;
  const ending = new AbortController();
  const reading = other.keys.keepReading(ending.signal);
  await clock.whenWaiting(2);
  clock.pass(2_000);
  const made = await rotation;
  await clock.whenWaiting();
  clock.pass(1_000);
  await clock.whenWaiting();
  assert.equal(other.keys.current().id, made);
  answer.resolve();
  await slow;
  assert.equal(other.keys.current().id, made);
  ending.abort();
  await reading;
});

test('keys that did not change are not opened anew', async () => {
  const { instances, pass, end } = await startInstances([0]);
  const [only] = instances;
  assert.ok(only);
  const before = only.keys.current();
  for (let second = 0; second < 3; second += 1) await pass(1_000);
  assert.equal(only.door.reads, 4);
  assert.equal(only.keys.current(), before);
  await end();
});
