import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines } from '../../test/engines.ts';
import { intercept } from '../../test/intercept.ts';
import { openTenancy, signUp } from '../../test/tenancy.ts';
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
      await deleteOrganization({ ...tenancy, documents }, caller, 'Acme');
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
      let isChanged = false;
      const records = intercept(tenancy.records, 'get', async (forward) => {
        if (isChanged) return forward();
        isChanged = true;
        const change = { new_organization_name: 'ACME', email: 'new@example.com' };
        await updateOrganization(tenancy, caller, { organization_name: 'Acme', ...change });
        return forward();
      });
      const read = await readOrganization({ ...tenancy, records }, 'Acme');
      assert.deepEqual(read, { ...view, organization_name: 'ACME', admin_email: 'new@example.com' });
    });

    test('a deletion between the two reads of a read gives not found', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      const records = intercept(tenancy.records, 'get', async (forward) => {
        await deleteOrganization(tenancy, caller, 'Acme');
        return forward();
      });
      await assert.rejects(readOrganization({ ...tenancy, records }, 'Acme'), notFound);
    });
  });
}
