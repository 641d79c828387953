import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines } from '../../test/engines.ts';
import { intercept } from '../../test/intercept.ts';
import { byTest, openTenancy, signUp } from '../../test/tenancy.ts';
import { deleteOrganization } from './delete.ts';
import { organizations } from './organization.ts';
import { readOrganization } from './read.ts';
import { updateOrganization } from './update.ts';

const notFound = { code: 'organization_not_found', message: 'Organization not found' };

for (const engine of engines) {
  describe(`reading organizations on the ${engine.name} engine`, () => {
    test('an organization is found by its name in every spelling, and shown as it was given', async () => {
      await using opened = await openTenancy({ engine });
      const { view } = await signUp(opened.tenancy, 'Große  Straße');
      for (const name of ['Große  Straße', 'GROSSE STRASSE', ' große straße ']) {
        assert.deepEqual(await readOrganization(opened.tenancy, name), view);
      }
      assert.equal(view.organization_name, 'Große  Straße');
    });

    test('a name that matches nothing is not found, whatever it is', async () => {
      await using opened = await openTenancy({ engine });
      await signUp(opened.tenancy, 'Acme');
      for (const name of ['Acm', 'Acme2', '', ' ', 'x'.repeat(1_024), '%', 'A_me', '\u0000']) {
        await assert.rejects(readOrganization(opened.tenancy, name), notFound);
      }
    });

    test('an organization that is deleted is found neither by its name nor by its id', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      const documents = intercept(tenancy.documents, 'dropCollection', () =>
        Promise.reject(new Error('kept for the test')),
      );
      await deleteOrganization({ ...tenancy, documents }, caller, 'Acme', byTest);
      const [deleting] = await tenancy.records.list(organizations, 'status', { prefix: 'deleting', limit: 1 });
      assert.equal(deleting?.name_key, deleting?.id);
      for (const name of ['Acme', deleting?.id ?? '', ` ${deleting?.id.toUpperCase()}`]) {
        await assert.rejects(readOrganization(tenancy, name), notFound);
      }
    });

    test('a name and an email that are changed together are never shown one without the other', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller, view } = await signUp(tenancy, 'Acme');
      const before = [view.organization_name, view.admin_email];
      const after = ['ACME', 'new@example.com'];
      const [new_organization_name, email] = after;
      const changing = updateOrganization(
        tenancy,
        caller,
        { organization_name: 'Acme', new_organization_name, email },
        byTest,
      );
      const reads = Array.from({ length: 20 }, () => readOrganization(tenancy, 'Acme'));
      for (const { organization_name, admin_email } of await Promise.all(reads)) {
        assert.deepEqual([organization_name, admin_email], organization_name === 'ACME' ? after : before);
      }
      await changing;
      assert.equal((await readOrganization(tenancy, 'Acme')).admin_email, email);
    });
  });
}
