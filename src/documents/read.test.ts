import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byTest, openTenancy, signUp } from '../../test/tenancy.ts';
import { deleteOrganization } from '../organizations/delete.ts';
import { organizations } from '../organizations/organization.ts';
import { insertDocument } from './insert.ts';
import { listDocuments, readDocument } from './read.ts';

test('who reads later than a deletion waits for is told nothing of the organization that has the name now', async () => {
  await using opened = await openTenancy();
  const { tenancy } = opened;
  const former = await signUp(tenancy, 'Acme');
  const organization = await tenancy.records.get(organizations, former.caller.organization_id);
  if (organization === undefined) throw new Error('it was created');
  await deleteOrganization(tenancy, former.caller, 'Acme', byTest);
  const { caller } = await signUp(tenancy, 'Acme', 'other@example.com');
  const newcomer = await tenancy.records.get(organizations, caller.organization_id);
  if (newcomer === undefined) throw new Error('it was created');
  const { id } = await insertDocument(tenancy, { organization: newcomer, collection: 'default' }, { secret: 1 });
  const late = { organization, collection: 'default', decidedAt: performance.now() - 1_001 };
  const refusal = { code: 'organization_not_found' };
  await assert.rejects(readDocument(tenancy, late, id), refusal);
  await assert.rejects(
    listDocuments(tenancy, late, { direction: 'ascending', after: undefined, limit: 10, bytes: 1_000 }),
    refusal,
  );
  await assert.rejects(readDocument(tenancy, late, 'none'), refusal);
  await assert.rejects(insertDocument(tenancy, late, {}), refusal);
});
