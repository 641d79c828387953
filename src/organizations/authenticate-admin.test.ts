import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines } from '../../test/engines.ts';
import { intercept, unavailable } from '../../test/intercept.ts';
import { addOrganization, authenticateAdmin, byTest, openTenancy, signIn, signUp } from '../../test/tenancy.ts';
import { deleteOrganization } from './delete.ts';

const notAuthenticated = { code: 'not_authenticated', message: 'Not authenticated' };

for (const engine of engines) {
  describe(`authenticating admins on the ${engine.name} engine`, () => {
    test('a token says whose it is and for which organization, also after a restart', async () => {
      await using opened = await openTenancy({ engine });
      const { caller, token } = await signUp(opened.tenancy, 'Acme');
      assert.match(caller.user_id, /^usr_/);
      assert.match(caller.organization_id, /^org_/);
      await opened.restart();
      assert.deepEqual(await authenticateAdmin(opened.tenancy, token), caller);
    });

    test('a token ends after half an hour', async () => {
      await using opened = await openTenancy({ engine });
      const { token } = await signUp(opened.tenancy, 'Acme');
      opened.clock.pass(29 * 60_000);
      await authenticateAdmin(opened.tenancy, token);
      opened.clock.pass(60_000);
      await assert.rejects(authenticateAdmin(opened.tenancy, token), notAuthenticated);
    });

    test('a token dies with its organization, also where another of the same name and email follows', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller, token } = await signUp(tenancy, 'Acme');
      await deleteOrganization(tenancy, caller, 'Acme', byTest);
      await assert.rejects(authenticateAdmin(tenancy, token), notAuthenticated);
      await signUp(tenancy, 'Acme');
      await assert.rejects(authenticateAdmin(tenancy, token), notAuthenticated);
    });

    test("a token dies with its organization alone, where its user stays for another's sake", async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller, token, email, password } = await signUp(tenancy, 'Acme');
      const second = await addOrganization(tenancy, caller, 'Globex');
      // Once with its record still there, and once without.
      const documents = intercept(tenancy.documents, 'dropCollection', () => Promise.reject(unavailable()));
      await deleteOrganization({ ...tenancy, documents }, caller, 'Acme', byTest);
      await assert.rejects(authenticateAdmin(tenancy, token), notAuthenticated);
      const other = await signIn(tenancy, email, password);
      assert.deepEqual(other.caller, second);
      await addOrganization(tenancy, second, 'Initech');
      await deleteOrganization(tenancy, second, 'Globex', byTest);
      await assert.rejects(authenticateAdmin(tenancy, other.token), notAuthenticated);
      await signIn(tenancy, email, password);
    });

    test('what is no token of ours is refused', async () => {
      await using opened = await openTenancy({ engine });
      await using other = await openTenancy({ engine });
      const { token } = await signUp(other.tenancy, 'Acme');
      for (const bad of ['', 'a.b.c', token, `${token}x`]) {
        await assert.rejects(authenticateAdmin(opened.tenancy, bad), notAuthenticated);
      }
    });
  });
}
