import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import { engines } from '../../test/engines.ts';
import { intercept, unavailable } from '../../test/intercept.ts';
import { authenticateAdmin, byTest, openTenancy, signUp, type TestTenancy, testPasswords } from '../../test/tenancy.ts';
import { createPasswords } from '../identity/passwords.ts';
import { users } from '../identity/user.ts';
import { remove } from '../store/records.ts';
import { deleteOrganization } from './delete.ts';
import { organizations } from './organization.ts';
import { signInAdmin } from './sign-in.ts';
import type { Tenancy } from './tenancy.ts';
import { updateOrganization } from './update.ts';

const refused = { code: 'invalid_credentials', message: 'Invalid email or password' };
const address = '192.0.2.7';

/** So many failed log-ins to the account, each from an address of its own. */
async function fail(tenancy: Tenancy, email: string, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await assert.rejects(signInAdmin(tenancy, { email, password: 'wrong' }, `198.51.100.${time}`, byTest), refused);
  }
}

/** The same tenancy under a raised cost, so that every password that is stored is stale. */
function dearer(tenancy: Tenancy): Tenancy {
  return { ...tenancy, passwords: createPasswords({ ...testPasswords, cost: testPasswords.cost + 1 }) };
}

async function storedUser({ tenancy }: TestTenancy, email: string) {
  const user = await tenancy.records.find(users, 'email_key', email);
  assert.ok(user);
  return user;
}

for (const engine of engines) {
  describe(`signing in on the ${engine.name} engine`, () => {
    test('the right password gives a token for the organization, in any spelling of the email', async () => {
      await using opened = await openTenancy({ engine });
      const { email, password, caller } = await signUp(opened.tenancy, 'Acme Corp', 'Ada@example.com');
      const token = await signInAdmin(opened.tenancy, { email: email.toUpperCase(), password }, address, byTest);
      assert.deepEqual(await authenticateAdmin(opened.tenancy, token), caller);
      const { sub, organization_id, organization_name, email: told, iat, exp } = decodeJwt(token);
      assert.deepEqual(
        [sub, organization_id, organization_name, told],
        [caller.user_id, caller.organization_id, 'Acme Corp', 'Ada@example.com'],
      );
      assert.equal(exp, (iat ?? 0) + 30 * 60);
    });

    test('a wrong password and an unknown email are told the same', async () => {
      await using opened = await openTenancy({ engine });
      const { email, password } = await signUp(opened.tenancy, 'Acme');
      for (const request of [
        { email, password: 'wrong' },
        { email, password: '' },
        { email, password: password.toUpperCase() },
        { email, password: 'x'.repeat(1_024) },
        { email: 'nobody@example.com', password },
      ]) {
        await assert.rejects(signInAdmin(opened.tenancy, request, address, byTest), refused);
      }
    });

    test('an unknown email does the same hashing work as a known one', async () => {
      await using opened = await openTenancy({ engine });
      const { email } = await signUp(opened.tenancy, 'Acme');
      const verified: boolean[] = [];
      const passwords = intercept(opened.tenancy.passwords, 'verify', (forward, _password, stored) => {
        verified.push(stored !== undefined);
        return forward();
      });
      await assert.rejects(
        signInAdmin({ ...opened.tenancy, passwords }, { email, password: 'wrong' }, address, byTest),
        refused,
      );
      await assert.rejects(
        signInAdmin(
          { ...opened.tenancy, passwords },
          { email: 'nobody@example.com', password: 'wrong' },
          address,
          byTest,
        ),
        refused,
      );
      assert.deepEqual(verified, [true, false]);
    });

    test('values that break a rule are told before anything is counted or hashed', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      for (const [request, members] of [
        [{ email: 'ada', password: 'x'.repeat(1_025) }, ['email', 'password']],
        [{ email: 'ada@example.com', password: 'a\0b' }, ['password']],
        [{ email: ' ada@example.com', password: 'wrong' }, ['email']],
      ] as const) {
        await assert.rejects(
          signInAdmin(tenancy, request, address, byTest),
          (error: { code: string; issues: { member: string }[] }) => {
            assert.equal(error.code, 'invalid_value');
            assert.deepEqual(
              error.issues.map(({ member }) => member),
              members,
            );
            return true;
          },
        );
      }
      const { remaining } = await tenancy.limits.look(tenancy.signInLimits.account, `ada@example.com ${address}`);
      assert.equal(remaining, tenancy.signInLimits.account.most);
    });

    test('a user without an organization is refused, which is no failure that counts', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { email, password, caller } = await signUp(tenancy, 'Acme');
      const organization = await tenancy.records.get(organizations, caller.organization_id);
      assert.ok(organization);
      await tenancy.records.commit([remove(organizations, organization)]);
      await assert.rejects(signInAdmin(tenancy, { email, password }, address, byTest), refused);
      const { remaining } = await tenancy.limits.look(tenancy.signInLimits.failures, email);
      assert.equal(remaining, tenancy.signInLimits.failures.most);
    });

    test('an admin signs in again to a name that was created again, by the new password alone', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller, email, password } = await signUp(tenancy, 'Acme');
      await deleteOrganization(tenancy, caller, 'Acme', byTest);
      await assert.rejects(signInAdmin(tenancy, { email, password }, address, byTest), refused);
      const again = await signUp(tenancy, 'ACME', email);
      assert.notEqual(again.caller.user_id, caller.user_id);
      await assert.rejects(signInAdmin(tenancy, { email, password }, address, byTest), refused);
    });

    test('a password that is changed between the look and the token gives a token that is dead', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { email, password, caller } = await signUp(tenancy, 'Acme');
      const passwords = intercept(tenancy.passwords, 'verify', async (forward) => {
        const verdict = await forward();
        await updateOrganization(tenancy, caller, { organization_name: 'Acme', password: 'another password' }, byTest);
        return verdict;
      });
      const token = await signInAdmin({ ...tenancy, passwords }, { email, password }, address, byTest);
      await assert.rejects(authenticateAdmin(tenancy, token), { code: 'not_authenticated' });
    });
  });

  describe(`limits of signing in on the ${engine.name} engine`, () => {
    test('an account is refused from an address past its limit, right password or not, until the window ends', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy, clock } = opened;
      const { email, password } = await signUp(tenancy, 'Acme', 'ada@example.com');
      for (let time = 0; time < 10; time += 1) {
        await assert.rejects(signInAdmin(tenancy, { email, password: 'wrong' }, address, byTest), refused);
      }
      clock.pass(20_000);
      const late = { code: 'rate_limited', retryAfterSeconds: 40 };
      await assert.rejects(signInAdmin(tenancy, { email: 'ADA@example.com', password }, address, byTest), late);
      await signInAdmin(tenancy, { email, password }, '192.0.2.8', byTest);
      await assert.rejects(signInAdmin(tenancy, { email: 'bob@example.com', password }, address, byTest), refused);
      clock.pass(40_000);
      await signInAdmin(tenancy, { email, password }, address, byTest);
    });

    test('log-ins that are refused for their rate do not hash', async () => {
      await using opened = await openTenancy({
        engine,
        signInLimits: { account: { name: 'a', most: 0, seconds: 60 }, failures: { name: 'f', most: 9, seconds: 60 } },
      });
      const passwords = intercept(opened.tenancy.passwords, 'verify', () =>
        Promise.reject(new Error('nothing is to be hashed')),
      );
      const request = { email: 'ada@example.com', password: 'correct horse' };
      await assert.rejects(signInAdmin({ ...opened.tenancy, passwords }, request, address, byTest), {
        code: 'rate_limited',
      });
    });

    test('failures from many addresses delay the right password by a second and do not refuse it', async () => {
      const failures = { name: 'failures', most: 3, seconds: 60 };
      await using opened = await openTenancy({
        engine,
        signInLimits: { account: { name: 'account', most: 10, seconds: 60 }, failures },
      });
      const { tenancy, clock } = opened;
      const { email, password, caller } = await signUp(tenancy, 'Acme');
      await fail(tenancy, email, 2);
      await signInAdmin(tenancy, { email, password }, address, byTest);
      await fail(tenancy, email, 1);
      let verified = 0;
      const passwords = intercept(tenancy.passwords, 'verify', (forward) => {
        verified += 1;
        return forward();
      });
      const signingIn = signInAdmin({ ...tenancy, passwords }, { email, password }, address, byTest);
      await clock.whenWaiting();
      clock.pass(999);
      await new Promise(setImmediate);
      assert.equal(verified, 0);
      clock.pass(1);
      assert.deepEqual(await authenticateAdmin(tenancy, await signingIn), caller);
      await signUp(tenancy, 'Globex');
      clock.pass(60_000);
      await signInAdmin(tenancy, { email, password }, address, byTest);
      assert.equal(clock.waiting, 0);
    });

    test('failures are counted for an email that nobody has too, so that the delay tells nothing', async () => {
      const failures = { name: 'failures', most: 2, seconds: 60 };
      await using opened = await openTenancy({
        engine,
        signInLimits: { account: { name: 'account', most: 10, seconds: 60 }, failures },
      });
      await fail(opened.tenancy, 'nobody@example.com', 2);
      const signingIn = assert.rejects(
        signInAdmin(opened.tenancy, { email: 'NOBODY@example.com', password: 'wrong' }, address, byTest),
        refused,
      );
      await opened.clock.whenWaiting();
      opened.clock.pass(1_000);
      await signingIn;
    });
  });

  describe(`hashing again at sign-in on the ${engine.name} engine`, () => {
    test('a password of another cost is stored under the present one, and tokens live on', async () => {
      await using opened = await openTenancy({ engine });
      const { email, password, token, caller } = await signUp(opened.tenancy, 'Acme');
      const before = await storedUser(opened, email);
      await signInAdmin(dearer(opened.tenancy), { email, password }, address, byTest);
      const after = await storedUser(opened, email);
      assert.match(after.password.hash, /^\$2b\$05\$/);
      assert.deepEqual({ ...after, password: before.password, version: before.version }, before);
      assert.deepEqual(await authenticateAdmin(opened.tenancy, token), caller);
      await signInAdmin(dearer(opened.tenancy), { email, password }, address, byTest);
      assert.equal((await storedUser(opened, email)).version, after.version);
    });

    test('a wrong password is not hashed again', async () => {
      await using opened = await openTenancy({ engine });
      const { email } = await signUp(opened.tenancy, 'Acme');
      const before = await storedUser(opened, email);
      await assert.rejects(signInAdmin(dearer(opened.tenancy), { email, password: 'wrong' }, address, byTest), refused);
      assert.deepEqual(await storedUser(opened, email), before);
    });

    test('a password that is changed meanwhile is not overwritten, and the log-in is done', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { email, password, caller } = await signUp(tenancy, 'Acme');
      const dear = dearer(tenancy);
      const passwords = intercept(dear.passwords, 'hash', async (forward) => {
        await updateOrganization(tenancy, caller, { organization_name: 'Acme', password: 'another password' }, byTest);
        return forward();
      });
      const token = await signInAdmin({ ...dear, passwords }, { email, password }, address, byTest);
      await assert.rejects(authenticateAdmin(tenancy, token), { code: 'not_authenticated' });
      await assert.rejects(signInAdmin(tenancy, { email, password }, address, byTest), refused);
      await signInAdmin(tenancy, { email, password: 'another password' }, address, byTest);
    });

    test('what keeps a password from being hashed again is logged and does not fail the log-in', async () => {
      await using opened = await openTenancy({ engine });
      const { email, password, caller } = await signUp(opened.tenancy, 'Acme');
      const dear = dearer(opened.tenancy);
      const faults: Tenancy[] = [
        { ...dear, passwords: intercept(dear.passwords, 'hash', () => Promise.reject(unavailable())) },
        {
          ...dear,
          records: intercept(dear.records, 'commit', (forward, [first]) =>
            first?.op === 'replace' ? Promise.reject(unavailable()) : forward(),
          ),
        },
      ];
      for (const tenancy of faults) {
        const token = await signInAdmin(tenancy, { email, password }, address, byTest);
        assert.deepEqual(await authenticateAdmin(opened.tenancy, token), caller);
      }
      assert.deepEqual(
        opened.logged.map(({ level, message }) => [level, message]),
        [
          ['warn', 'a password could not be hashed again'],
          ['warn', 'a password could not be hashed again'],
        ],
      );
      assert.ok(!JSON.stringify(opened.logged).includes(password));
    });
  });
}
