import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byTest, openTenancy, signUp } from '../../test/tenancy.ts';
import { TenantryError } from '../errors.ts';
import { organizations } from '../organizations/organization.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import { createCollection } from './create-collection.ts';
import { listCollections } from './list-collections.ts';

test('a collection for which its cluster has no room is refused, and nothing is changed', async () => {
  await using opened = await openTenancy();
  const { caller } = await signUp(opened.tenancy, 'Acme');
  const before = await opened.tenancy.records.get(organizations, caller.organization_id);
  if (before === undefined) throw new Error('it was created');
  const keepCollection = async () => {
    throw new TenantryError('clusters_full', 'There is no room for another collection in the cluster');
  };
  const full: Tenancy = { ...opened.tenancy, places: { ...opened.tenancy.places, keepCollection } };
  await assert.rejects(createCollection(full, before, 'orders', byTest), { code: 'clusters_full' });
  assert.deepEqual(await opened.tenancy.records.get(organizations, before.id), before);
  assert.deepEqual(
    (await listCollections(opened.tenancy.records, before)).map(({ name }) => name),
    ['default'],
  );
});

test('room that was kept is given up where the collection is not made, and is not where it is', async () => {
  await using opened = await openTenancy();
  const { caller } = await signUp(opened.tenancy, 'Acme');
  let kept = 0;
  const keepCollection = async () => {
    kept += 1;
    return () => {
      kept -= 1;
    };
  };
  const tenancy: Tenancy = { ...opened.tenancy, places: { ...opened.tenancy.places, keepCollection } };
  const organization = { id: caller.organization_id };
  // Of several at once most meet another version of the organization, and decide again.
  await Promise.all(['a', 'b', 'c'].map((name) => createCollection(tenancy, organization, name, byTest)));
  assert.equal(kept, 3);
  await assert.rejects(createCollection(tenancy, organization, 'a', byTest), { code: 'collection_exists' });
  assert.equal(kept, 3);
});
