import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { buildServer } from '../src/http/server.ts';
import { users } from '../src/identity/user.ts';
import { collections } from '../src/organizations/collection.ts';
import { organizations } from '../src/organizations/organization.ts';
import { updateOrganization } from '../src/organizations/update.ts';
import { rememberRecords } from '../src/store/recent-records.ts';
import { engine } from './contract/mongodb.ts';
import { missing } from './mongodb/address.ts';
import { edgeOf } from './openapi/ground.ts';
import { missingRedis } from './redis/address.ts';
import { newInstallation, openTestSharing } from './redis/ground.ts';
import { eventually } from './service/eventually.ts';
import { authenticateAdmin, byTest, openTenancy, signUp } from './tenancy.ts';

const announced = [organizations, users, collections];

suite('reads that are remembered', { skip: missing || missingRedis, timeout: 60_000 }, () => {
  test('an authenticated read that is remembered makes no call of the database, until another instance has changed it', async () => {
    const calls: string[] = [];
    await using opened = await openTenancy({ engine, onStoreCall: (name) => void calls.push(name) });
    const installation = newInstallation();
    await using here = await openTestSharing({ installation });
    await using there = await openTestSharing({ installation });
    // Longer than this test takes: what makes it shorter is what the other tells.
    const memory = { most: 100, milliseconds: 600_000, announced };
    const reads = rememberRecords(opened.tenancy.records, { ...memory, announcements: here.announcements });
    const other = rememberRecords(opened.tenancy.records, { ...memory, announcements: there.announcements });
    const server = buildServer(edgeOf(opened, { edge: ({ tenancy }) => ({ tenancy: { ...tenancy, ...reads } }) }));
    const { token } = await signUp(opened.tenancy, 'Acme');
    const read = async () => {
      const headers = { authorization: `Bearer ${token}` };
      return (await server.inject({ url: '/v1/organizations/acme', headers })).json();
    };
    const first = await read();
    assert.equal(first.name, 'Acme');
    calls.length = 0;
    for (let turn = 0; turn < 10; turn++) assert.deepEqual(await read(), first);
    assert.deepEqual(calls, []);
    const elsewhere = { ...opened.tenancy, ...other };
    const caller = await authenticateAdmin(opened.tenancy, token);
    await updateOrganization(elsewhere, caller, { organization_name: 'Acme', email: 'new@example.com' }, byTest);
    await eventually(async () => assert.equal((await read()).admin.email, 'new@example.com'));
    await server.close();
  });
});
