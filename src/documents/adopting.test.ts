import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines } from '../../test/engines.ts';
import { openTenancy, signUp } from '../../test/tenancy.ts';
import { organizations, placeOf } from '../organizations/organization.ts';
import { replace } from '../store/records.ts';
import { insertDocument } from './insert.ts';

for (const engine of engines) {
  describe(`an organization of a program that had no documents, on the ${engine.name} engine`, () => {
    test('takes documents from the first one on, many at once, and counts them', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { records, documents } = tenancy;
      const { caller } = await signUp(tenancy, 'Acme');
      const made = await records.get(organizations, caller.organization_id);
      if (made === undefined) throw new Error('it was created');
      // As it stands there: without its number of collections, and with no slots.
      const { collections: _, ...old } = made;
      assert.equal((await records.commit([replace(organizations, old)])).result, 'done');
      await documents.dropCollection(placeOf(made));
      const organization = await records.get(organizations, made.id);
      if (organization === undefined) throw new Error('it was created');
      const target = { organization, collection: 'default' };
      await Promise.all(Array.from({ length: 5 }, (_each, n) => insertDocument(tenancy, target, { n })));
      const adopted = await records.get(organizations, made.id);
      assert.deepEqual([adopted?.status, adopted?.collections], ['active', 0]);
      assert.equal((await documents.usage(placeOf(made))).documents, 5);
    });
  });
}
