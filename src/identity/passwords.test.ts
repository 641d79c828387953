import assert from 'node:assert/strict';
import { type Mock, mock, test } from 'node:test';
import bcrypt from '@node-rs/bcrypt';
import fc from 'fast-check';
import { checkNewPassword, checkPassword, createPasswords } from './passwords.ts';
import type { PasswordHash } from './user.ts';

const passwordsOf = (cost: number) => createPasswords({ cost, workers: 2, waitSeconds: 60 });
const passwords = passwordsOf(4);

/** The sum of bcrypt's rounds that `act` spends, over all calls of the library. */
async function rounds(act: () => Promise<unknown>): Promise<number> {
  const verify: Mock<typeof bcrypt.verify> = mock.method(bcrypt, 'verify');
  try {
    await act();
    return verify.mock.calls.reduce((sum, { arguments: [, hash] }) => sum + 2 ** bcrypt.parseOptions(hash).cost, 0);
  } finally {
    verify.mock.restore();
  }
}

test('a password is right for its own hash and for no other, whatever its length', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'grapheme', minLength: 8, maxLength: 120 }),
      fc.string({ unit: 'grapheme', minLength: 8, maxLength: 120 }),
      async (password, other) => {
        fc.pre(password !== other && [password, other].every((each) => checkNewPassword(each) === undefined));
        const stored = await passwords.hash(password);
        assert.deepEqual(await passwords.verify(password, stored), { right: true, stale: false });
        assert.deepEqual(await passwords.verify(other, stored), { right: false, stale: false });
      },
    ),
    { numRuns: 50 },
  );
});

test('a password of 72 bytes is hashed by bcrypt itself, one byte more is digested first', async () => {
  assert.equal((await passwords.hash('a'.repeat(72))).scheme, 'bcrypt');
  assert.equal((await passwords.hash('é'.repeat(36))).scheme, 'bcrypt');
  assert.equal((await passwords.hash('a'.repeat(73))).scheme, 'bcrypt-sha256');
  assert.equal((await passwords.hash(`a${'é'.repeat(36)}`)).scheme, 'bcrypt-sha256');
});

test('no byte past the 72nd is ignored', async () => {
  const first72 = 'a'.repeat(72);
  const short = await passwords.hash(first72);
  const long = await passwords.hash(`${first72}b`);
  assert.equal((await passwords.verify(`${first72}b`, short)).right, false);
  assert.equal((await passwords.verify(first72, long)).right, false);
  assert.equal((await passwords.verify(`${first72}c`, long)).right, false);
  assert.equal((await passwords.verify(`${first72}b`, long)).right, true);
  const longest = '💎'.repeat(1_024);
  assert.equal((await passwords.verify(longest, await passwords.hash(longest))).right, true);
});

test('one password hashed twice gives two hashes', async () => {
  for (const password of ['correct horse', 'x'.repeat(100)]) {
    assert.notEqual((await passwords.hash(password)).hash, (await passwords.hash(password)).hash);
  }
});

test("passlib's bcrypt_sha256 hashes of version 2 verify", async () => {
  // The known correct hashes of passlib 1.7.4's own tests; there `$bcrypt-sha256$v=2,t=2b,r=5$<salt>$<digest>`.
  const words = 'abc123'.repeat(12);
  const known = [
    ['password', '$2b$05$5Hg1DKFqPE8C2aflZ5vVoewOK1VFFtS8IGTrGa7.h5fs0u84qyPbS'],
    ['t\u00e1\u0411\u2113\u0259', '$2b$05$.US1fQ4TQS.ZTz/uJ5Kyn.pzzgp40k8reM1CuQb03PvE0IDPQSdV6'],
    [words, '$2b$05$X1g1nh3g0v4h6970O68cxezu1cloESVFIOsUIo7fCEgkdHaI9SSue'],
    [`${words}qwr`, '$2b$05$X1g1nh3g0v4h6970O68cxeCBF9csfEdW68xv3DwE6xSULXMtqEFP.'],
  ] as const;
  for (const [password, hash] of known) {
    const stored: PasswordHash = { scheme: 'bcrypt-sha256', hash };
    assert.equal((await passwordsOf(5).verify(password, stored)).right, true);
    assert.equal((await passwordsOf(5).verify(`${password}!`, stored)).right, false);
  }
});

test('bcrypt hashes made elsewhere verify, with the versions that other programs write', async () => {
  // crypt_blowfish's own test vectors, wrapper.c
  for (const version of ['2a', '2b', '2y']) {
    const hash = `$${version}$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW`;
    assert.equal((await passwordsOf(5).verify('U*U', { scheme: 'bcrypt', hash })).right, true);
  }
});

test('a wrong password costs the same work whether there is a user or not, whatever cost and scheme the hash has', async () => {
  const now = passwordsOf(7);
  const long = 'long'.repeat(30);
  for (const given of ['wrong password', 'wrong'.repeat(30)]) {
    assert.equal(await rounds(() => now.verify(given, undefined)), 2 ** 7);
    for (const cost of [4, 5, 6, 7]) {
      for (const password of ['right password', long]) {
        const stored = await passwordsOf(cost).hash(password);
        assert.equal(await rounds(() => now.verify(given, stored)), 2 ** 7, `cost ${cost}, ${stored.scheme}`);
      }
    }
  }
});

test('a longer password whose first 72 bytes are right costs the work of any wrong one', async () => {
  const stored = await passwordsOf(4).hash('a'.repeat(72));
  assert.equal(await rounds(() => passwordsOf(6).verify('a'.repeat(73), stored)), 2 ** 6);
});

test('an unknown user is never signed in', async () => {
  assert.deepEqual(await passwords.verify('whatever it is', undefined), { right: false, stale: false });
});

test('a right password is told as stale where the cost is another than now, a wrong one never is', async () => {
  const stored = await passwordsOf(5).hash('right password');
  for (const [cost, stale] of [
    [4, true],
    [5, false],
    [6, true],
  ] as const) {
    assert.deepEqual(await passwordsOf(cost).verify('right password', stored), { right: true, stale });
    assert.deepEqual(await passwordsOf(cost).verify('wrong password', stored), { right: false, stale: false });
  }
});

test('a stored hash that bcrypt cannot read is an error, not a wrong password', async () => {
  await assert.rejects(passwords.verify('right password', { scheme: 'bcrypt', hash: 'plain text' }), RangeError);
});

test('hashing and verifying share one queue, and stopping it refuses what has not begun', async () => {
  const one = createPasswords({ cost: 4, workers: 1, waitSeconds: 60 });
  const begun = one.hash('right password');
  const waits = [one.verify('right password', undefined), one.hash('right password')];
  assert.deepEqual([one.working, one.waiting], [1, 2]);
  const stopped = one.stop();
  for (const each of waits) await assert.rejects(each, { code: 'stopping' });
  assert.match((await begun).hash, /^\$2b\$04\$/);
  await stopped;
  assert.deepEqual([one.working, one.waiting], [0, 0]);
});

test('past the expected wait a password is refused before any work is done', async () => {
  const one = createPasswords({ cost: 4, workers: 1, waitSeconds: 0 });
  const taken = [one.hash('right password'), one.hash('right password')];
  await assert.rejects(one.verify('right password', undefined), { code: 'busy' });
  await Promise.all(taken);
});

test('a new password has 8 to 1,024 characters, counted as code points', () => {
  for (const character of ['a', 'é', '💎', ' ']) {
    assert.match(checkNewPassword(character.repeat(7)) ?? '', /at least 8/);
    assert.equal(checkNewPassword(character.repeat(8)), undefined);
    assert.equal(checkNewPassword(character.repeat(1_024)), undefined);
    assert.match(checkNewPassword(character.repeat(1_025)) ?? '', /at most 1024/);
  }
});

test('a password that is only tried may be short, but not longer than any that is stored', () => {
  assert.equal(checkPassword(''), undefined);
  assert.equal(checkPassword('💎'.repeat(1_024)), undefined);
  assert.match(checkPassword('💎'.repeat(1_025)) ?? '', /at most 1024/);
  assert.match(checkPassword('a'.repeat(100_000_000)) ?? '', /at most 1024/);
});

test('a password with NUL or half a surrogate pair is refused, stored or tried', () => {
  for (const password of ['eight ch\0', '\0eight ch', 'eight ch\uD83D', '\uDC8Eeight ch']) {
    assert.ok(checkPassword(password));
    assert.ok(checkNewPassword(password));
  }
});
