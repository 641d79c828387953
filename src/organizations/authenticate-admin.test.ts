import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines } from '../../test/engines.ts';
import { openTenancy, signUp } from '../../test/tenancy.ts';
import { authenticateAdmin } from './authenticate-admin.ts';
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
      await deleteOrganization(tenancy, caller, 'Acme');
      await assert.rejects(authenticateAdmin(tenancy, token), notAuthenticated);
      await signUp(tenancy, 'Acme');
      await assert.rejects(authenticateAdmin(tenancy, token), notAuthenticated);
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
