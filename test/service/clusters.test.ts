import assert from 'node:assert/strict';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { missing } from '../mongodb/address.ts';
import { startProxy } from '../mongodb/proxy.ts';
import { scratchDatabase } from '../mongodb/scratch.ts';
import { call } from './calls.ts';
import { ask, clusterOf, code, create, described, documentsOf, open } from './cluster-ground.ts';
import { eventually } from './eventually.ts';
import { dataDirectory, runCommand, startService } from './service.ts';

suite('a further cluster in a directory', { timeout: 120_000, concurrency: 2 }, () => {
  test('takes organizations of its own, which find their documents again after a restart', async () => {
    await using east = await dataDirectory();
    await using ground = await open({ CLUSTERS: `east=${east.path}` });
    const service = await ground.start();
    for (const level of ['cluster', 'database', 'collection', 'pooled']) {
      const placement = level === 'cluster' ? { level } : { level, cluster: 'east' };
      const made = await create(service, level, placement);
      assert.equal(made.status, 201, JSON.stringify(made.body));
      assert.equal(await clusterOf(service, level), `east ${level}`);
      assert.equal((await ask(service, 'PUT', `${documentsOf(level)}/one`, { level })).status, 201);
    }
    assert.equal((await create(service, 'home')).status, 201);
    assert.equal(await clusterOf(service, 'home'), 'main collection');
    assert.deepEqual(
      (await described(service)).map(({ name, kind, health, organizations }) => [name, kind, health, organizations]),
      [
        ['main', 'embedded', 'up', 1],
        ['east', 'embedded', 'up', 4],
      ],
    );
    await service.stop();
    const again = await ground.start();
    for (const level of ['cluster', 'database', 'collection', 'pooled']) {
      const { body } = await ask(again, 'GET', `${documentsOf(level)}/one`);
      assert.equal((body as { level: string }).level, level);
      assert.equal((await ask(again, 'DELETE', `/v1/organizations/${level}`)).status, 200);
    }
    assert.deepEqual(
      (await described(again)).map(({ organizations }) => organizations),
      [1, 0],
    );
    await again.stop();
    const files = await readdir(east.path, { recursive: true });
    assert.deepEqual(
      files.filter((file) => file.includes('org_')),
      [],
    );
  });

  test('is held by one process, and not taken from the settings while organizations are in it', async () => {
    await using east = await dataDirectory();
    await using ground = await open({ CLUSTERS: `east=${east.path}` });
    const service = await ground.start();
    assert.equal((await create(service, 'acme', { level: 'cluster' })).status, 201);
    await using other = await dataDirectory();
    const second = await runCommand(['start'], other.path, { CLUSTERS: `west=${east.path}` });
    assert.equal(second.code, 78);
    assert.match(second.error, new RegExp(east.path));
    await service.stop();
    const without = await runCommand(['start'], ground.directory, {});
    assert.equal(without.code, 78);
    assert.match(without.error, /does not name east, while 1 organization is in it: acme \(org_/);
    const again = await ground.start();
    assert.equal((await ask(again, 'DELETE', '/v1/organizations/acme')).status, 200);
    await again.stop();
    const free = await startService(ground.directory, {});
    assert.equal((await free.stop()).code, 0);
  });

  test('that is the data directory, lies in it, or is named twice is refused', async () => {
    await using ground = await open({});
    await using other = await dataDirectory();
    const real = join(other.path, 'real');
    await mkdir(real);
    await symlink(real, join(other.path, 'linked'));
    const wrong = [
      `east=${ground.directory}`,
      `east=${join(ground.directory, 'main')}`,
      `east=/tmp/tenantry-none west=/tmp/tenantry-none/`,
      `east=${join(other.path, 'linked')} west=${real}`,
      `east=${join(other.path, 'linked', 'new')} west=${real}`,
    ];
    for (const CLUSTERS of wrong) {
      const { code, error } = await runCommand(['start'], ground.directory, { CLUSTERS });
      assert.equal(code, 78, error);
      assert.match(error, /TENANTRY_CLUSTERS/);
    }
  });

  test('takes what does not fit into main, and after it there is no room', async () => {
    await using east = await dataDirectory();
    await using ground = await open({
      CLUSTERS: `east=${east.path}`,
      CLUSTER_COLLECTIONS: '1',
      CLUSTER_DATABASES: '1',
    });
    const service = await ground.start();
    for (const [name, place] of [
      ['one', 'main collection'],
      ['two', 'east collection'],
    ] as const) {
      assert.equal((await create(service, name)).status, 201);
      assert.equal(await clusterOf(service, name), place);
    }
    const third = await create(service, 'three');
    assert.deepEqual([third.status, code(third)], [503, 'clusters_full']);
    assert.ok(Number(third.headers.get('retry-after')) >= 1);
    assert.equal((await create(service, 'three', { level: 'pooled' })).status, 201);
    await service.stop();
    const allowing = await ground.start({ DEFAULT_LEVEL: 'collection,pooled' });
    assert.equal((await create(allowing, 'four')).status, 201);
    assert.equal(await clusterOf(allowing, 'four'), 'main pooled');
  });
});

suite('a further cluster on MongoDB', { skip: missing, timeout: 120_000, concurrency: 2 }, () => {
  test('serves its organizations beside the embedded store, and where it is gone only these are refused', async () => {
    await using scratch = scratchDatabase();
    await using proxy = await startProxy(scratch.url);
    await using ground = await open({ CLUSTERS: `eu=${proxy.url()}`, DATABASE_NAME: scratch.name });
    const service = await ground.start();
    assert.equal((await create(service, 'far', { level: 'collection', cluster: 'eu' })).status, 201);
    assert.equal((await create(service, 'near')).status, 201);
    for (const name of ['far', 'near']) {
      assert.equal((await ask(service, 'PUT', `${documentsOf(name)}/one`, { name })).status, 201);
    }
    assert.deepEqual(
      (await described(service)).map(({ kind, health }) => [kind, health]),
      [
        ['embedded', 'up'],
        ['mongodb', 'up'],
      ],
    );
    proxy.refuse();
    const [far, near] = await Promise.all([
      ask(service, 'GET', `${documentsOf('far')}/one`),
      ask(service, 'GET', `${documentsOf('near')}/one`),
    ]);
    assert.deepEqual([far.status, code(far), near.status], [503, 'storage_unavailable', 200]);
    assert.equal((await call(service.url, ['GET', '/health/ready'])).status, 200);
    assert.deepEqual(
      (await described(service)).map(({ health }) => health),
      ['up', 'down'],
    );
    assert.equal((await create(service, 'next')).status, 201);
    proxy.accept();
    await eventually(async () => {
      assert.equal((await ask(service, 'GET', `${documentsOf('far')}/one`)).status, 200);
    });
    assert.equal((await ask(service, 'DELETE', '/v1/organizations/far')).status, 200);
  });

  test('that does not answer does not keep the service from its start', async () => {
    await using scratch = scratchDatabase();
    await using proxy = await startProxy(scratch.url);
    proxy.refuse();
    await using ground = await open({ CLUSTERS: `eu=${proxy.url()}`, DATABASE_NAME: scratch.name });
    const service = await ground.start();
    assert.equal((await create(service, 'near')).status, 201);
    const refused = await create(service, 'far', { level: 'cluster' });
    assert.deepEqual([refused.status, code(refused)], [503, 'storage_unavailable']);
    proxy.accept();
    await eventually(async () => {
      const made = await create(service, 'far', { level: 'cluster' });
      assert.equal(made.status, 201, JSON.stringify(made.body));
    });
    assert.equal((await ask(service, 'DELETE', '/v1/organizations/far')).status, 200);
  });

  test('cannot have a directory beside it where the master database is there too', async () => {
    await using scratch = scratchDatabase();
    await using data = await dataDirectory();
    const { out: secret } = await runCommand(['secret'], data.path);
    const settings = { DATABASE_URL: scratch.url, DATABASE_NAME: scratch.name, SECRET: secret.trim() };
    const { code: exit, error } = await runCommand(['start'], data.path, { ...settings, CLUSTERS: 'east=/tmp/east' });
    assert.equal(exit, 78);
    assert.match(error, /TENANTRY_CLUSTERS: east is a directory/);
  });
});
