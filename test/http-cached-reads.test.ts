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
import { edgeOf, operatorToken } from './openapi/ground.ts';
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

  test('of a flood that the limit of an organization refuses nothing is asked of the database', async () => {
    const calls: string[] = [];
    await using opened = await openTenancy({ engine, onStoreCall: (name) => void calls.push(name) });
    const reads = rememberRecords(opened.tenancy.records, { most: 100, milliseconds: 600_000 });
    const environment = { TENANTRY_LIMIT_ORGANIZATION: '2/minute' };
    const server = buildServer(
      edgeOf(opened, { environment, edge: ({ tenancy }) => ({ tenancy: { ...tenancy, ...reads } }) }),
    );
    const { token } = await signUp(opened.tenancy, 'Acme');
    const call = async (bearer: string, method: 'PUT' | 'PATCH', url: string, payload: object) =>
      (await server.inject({ method, url, headers: { authorization: `Bearer ${bearer}` }, payload })).statusCode;
    const update = () => call(token, 'PUT', '/org/update', {});
    const statuses = [];
    for (let turn = 0; turn < 4; turn++) statuses.push(await update());
    assert.deepEqual(statuses, [422, 422, 429, 429]);
    calls.length = 0;
    for (let turn = 0; turn < 10; turn++) assert.equal(await update(), 429);
    assert.deepEqual(calls, []);
    const limits = { calls_per_minute: 100 };
    assert.equal(await call(operatorToken, 'PATCH', '/v1/organizations/acme', { limits }), 200);
    assert.equal(await update(), 422);
    await server.close();
  });
});
