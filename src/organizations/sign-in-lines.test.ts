import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines } from '../../test/engines.ts';
import { byTest, openTenancy, signUp, testPasswords } from '../../test/tenancy.ts';
import { createPasswords } from '../identity/passwords.ts';
import { signInAdmin } from './sign-in.ts';
import { updateOrganization } from './update.ts';

const address = '192.0.2.7';

for (const engine of engines) {
  describe(`the lines of password hashes on the ${engine.name} engine`, () => {
    test('a flood from one address fills its own line alone, and keeps nobody else from a log-in or a new password', async () => {
      await using opened = await openTenancy({ engine });
      const { email, password, caller } = await signUp(opened.tenancy, 'Acme', 'ada@example.com');
      const passwords = createPasswords({ ...testPasswords, workers: 1, waitSeconds: 0.1 });
      const tenancy = { ...opened.tenancy, passwords };
      const flood = Array.from({ length: 300 }, (_, n) =>
        signInAdmin(tenancy, { email: `${n}@example.com`, password }, '198.51.100.1', byTest),
      );
      const ended = Promise.allSettled(flood);
      const [token, updated] = await Promise.all([
        signInAdmin(tenancy, { email, password }, address, byTest),
        updateOrganization(tenancy, caller, { organization_name: 'Acme', password: 'another password' }, byTest),
      ]);
      assert.ok(token);
      assert.equal(updated.admin_email, email);
      for (const each of await ended) {
        assert.ok(each.status === 'rejected' && ['invalid_credentials', 'busy'].includes(each.reason.code));
      }
    });
  });
}
