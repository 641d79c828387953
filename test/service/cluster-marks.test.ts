import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { missing } from '../mongodb/address.ts';
import { startProxy } from '../mongodb/proxy.ts';
import { scratchDatabase } from '../mongodb/scratch.ts';
import { ask, code, create, described, open, token } from './cluster-ground.ts';
import { dataDirectory, type GivenSettings, runCommand, startService } from './service.ts';

suite('the mark of a cluster in a directory', { timeout: 120_000, concurrency: 2 }, () => {
  test('tells it from others: exchanged, of another installation, or gone it is refused', async () => {
    await using east = await dataDirectory();
    await using west = await dataDirectory();
    await using ground = await open({});
    const refusal = async (settings: GivenSettings, directory = ground.directory) => {
      const { code, error } = await runCommand(['start'], directory, settings);
      assert.equal(code, 78, error);
      return error;
    };
    const right = { CLUSTERS: `east=${east.path} west=${west.path}` };
    const service = await ground.start(right);
    assert.equal((await create(service, 'acme', { level: 'cluster', cluster: 'east' })).status, 201);
    await service.stop();
    const exchanged = await refusal({ CLUSTERS: `east=${west.path} west=${east.path}` });
    assert.match(exchanged, /east leads to where west is: the two are one, or their addresses were exchanged/);
    await using other = await dataDirectory();
    assert.match(
      await refusal({ CLUSTERS: `east=${west.path}` }, other.path),
      /leads to .*west of another installation/,
    );
    await using empty = await dataDirectory();
    const moved = await refusal({ CLUSTERS: `east=${empty.path} west=${west.path}` });
    assert.match(moved, /organizations are in east, and where it leads to now there is nothing of Tenantry/);
    const again = await ground.start(right);
    assert.equal((await ask(again, 'GET', '/v1/organizations/acme')).status, 200);
    await again.stop();
    // No organization is in it: it may have another name.
    const renamed = await ground.start({ CLUSTERS: `east=${east.path} north=${west.path}` });
    assert.equal((await create(renamed, 'globex', { level: 'cluster', cluster: 'north' })).status, 201);
  });
});

suite('the mark of a cluster on MongoDB', { skip: missing, timeout: 120_000, concurrency: 2 }, () => {
  test('shows that a place is named twice, under two addresses: it is refused with both names', async () => {
    await using scratch = scratchDatabase();
    await using proxy = await startProxy(scratch.url);
    await using ground = await open({ DATABASE_NAME: scratch.name });
    const both = { DATABASE_NAME: scratch.name, CLUSTERS: `eu=${scratch.url} us=${proxy.url()}` };
    const { code: exit, error } = await runCommand(['start'], ground.directory, both);
    assert.equal(exit, 78, error);
    assert.match(error, /us leads to where eu is: the two are one/);
    // Either address is it, and without organizations it may have either name.
    for (const CLUSTERS of [`eu=${proxy.url()}`, `us=${scratch.url}`]) {
      const service = await ground.start({ CLUSTERS });
      assert.equal((await create(service, 'far', { level: 'cluster' })).status, 201);
      assert.equal((await ask(service, 'DELETE', '/v1/organizations/far')).status, 200);
      await service.stop();
    }
  });

  test('shows that it is the place of the master database, which is refused', async () => {
    await using scratch = scratchDatabase();
    await using proxy = await startProxy(scratch.url);
    await using data = await dataDirectory();
    const { out: secret } = await runCommand(['secret'], data.path);
    const settings = { DATABASE_URL: scratch.url, DATABASE_NAME: scratch.name, SECRET: secret.trim() };
    const { code: exit, error } = await runCommand(['start'], data.path, {
      ...settings,
      CLUSTERS: `eu=${proxy.url()}`,
    });
    assert.equal(exit, 78, error);
    assert.match(error, /eu leads to where main is/);
  });

  test('is looked at when a cluster answers late: one that is another is not used', async () => {
    await using scratch = scratchDatabase();
    await using proxy = await startProxy(scratch.url);
    await using ground = await open({ DATABASE_NAME: scratch.name });
    const first = await ground.start({ CLUSTERS: `eu=${scratch.url}` });
    await first.stop();
    await using other = await dataDirectory();
    proxy.refuse();
    const settings = { OPERATOR_TOKEN: token, DATABASE_NAME: scratch.name, CLUSTERS: `eu=${proxy.url()}` };
    const service = await startService(other.path, settings);
    proxy.accept();
    const refused = await create(service, 'far', { level: 'cluster' });
    assert.deepEqual([refused.status, code(refused)], [503, 'storage_unavailable']);
    assert.equal((await described(service))[1]?.health, 'down');
    const { out } = await service.stop();
    assert.match(out, /eu leads to .*eu of another installation/);
    assert.equal(await scratch.database.collection('tenantry_slots').countDocuments(), 0);
  });
});
