import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Db } from 'mongodb';
import { missing } from '../test/mongodb/address.ts';
import { startProxy } from '../test/mongodb/proxy.ts';
import { scratchDatabase } from '../test/mongodb/scratch.ts';
import { silent } from '../test/mongodb/store.ts';
import { mountSmallDisk } from '../test/small-disk.ts';
import { doctor } from './doctor.ts';
import { type OpenEngine, openEngine } from './engine.ts';
import { examineDatabase } from './examine.ts';
import { makeSecret } from './identity/secret.ts';
import { newOrganizationId, type Organization, organizations } from './organizations/organization.ts';
import { clusters } from './placement/cluster.ts';
import { readSettings } from './settings.ts';
import type { Level } from './store/documents.ts';
import { type Change, insert } from './store/records.ts';

async function scratch() {
  const path = await mkdtemp(join(tmpdir(), 'tenantry-doctor-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** What an installation has. */
interface Standing {
  readonly installation?: string;
  readonly organizations?: readonly { readonly name: string; readonly cluster: string; readonly level?: Level }[];
}

/** Makes the master database of an installation. */
async function fill(environment: Readonly<Record<string, string>>, standing: Standing): Promise<OpenEngine> {
  const { settings } = readSettings(environment);
  const engine = await openEngine(settings, { log: silent, onCommit() {}, onStep() {}, mustExist: false });
  const { installation, organizations: placed = [] } = standing;
  const changes: Change[] = placed.map(({ name, cluster, level = 'collection' }) => {
    const id = newOrganizationId();
    const organization: Organization = {
      ...{ id, version: 1, name, name_key: name.toLowerCase(), collection_name: `org_${id}`, status: 'active' },
      ...{ admin_user_id: `of ${id}`, placement: { cluster, level, database: id, epoch: 1 } },
      ...{ created_at: '2026-11-27T08:00:00.000Z', updated_at: '2026-11-27T08:00:00.000Z' },
    };
    return insert(organizations, organization);
  });
  if (installation !== undefined) {
    changes.push(insert(clusters, { id: 'main', version: 1, kind: 'embedded', installation }));
  }
  assert.deepEqual(await engine.records.commit(changes), { result: 'done' });
  return engine;
}

/** The same in a data directory; it is closed unless it is to stay open. */
async function install(directory: string, standing: Standing, state?: 'open'): Promise<OpenEngine> {
  const engine = await fill({ TENANTRY_DATA_DIR: directory }, standing);
  if (state === undefined) await engine.close();
  return engine;
}

function examine(directory: string, clusters: string, more: Readonly<Record<string, string>> = {}) {
  const given = { TENANTRY_PORT: '0', TENANTRY_DATA_DIR: join(directory, 'data'), TENANTRY_CLUSTERS: clusters };
  return doctor(readSettings({ ...given, ...more }), examineDatabase);
}

test('a cluster in a directory has a line, and one that is marked as another is a fault; nothing is made', async () => {
  await using directory = await scratch();
  const { path } = directory;
  const east = join(path, 'east');
  const fresh = await examine(path, `east=${east}`);
  assert.match(fresh.text, /^ok +cluster east: directory \S+, made at the start; it has no mark yet/m);
  assert.equal(fresh.exitCode, 0);
  assert.deepEqual(await readdir(path), []);
  await writeFile(join(path, 'cluster.json'), '{"cluster":"west","installation":"one"}\n');
  await using data = await scratch();
  await install(data.path, { installation: 'one' });
  const given = { TENANTRY_DATA_DIR: data.path };
  const other = await examine(path, `east=${path}`, given);
  assert.match(other.text, /^wrong +cluster east: .*TENANTRY_CLUSTERS: east leads to where west is/m);
  assert.equal(other.exitCode, 1);
});

test('a cluster of another installation is a fault where the master database is in a directory', async () => {
  await using directory = await scratch();
  const { path } = directory;
  const [data, east] = [join(path, 'data'), join(path, 'east')];
  await mkdir(east);
  await writeFile(join(east, 'cluster.json'), '{"cluster":"east","installation":"one"}\n');
  const foreign = /^wrong +cluster east: .*east leads to the cluster east of another installation/m;
  // A new installation has no id yet, and gets one that is no other's.
  assert.match((await examine(path, `east=${east}`)).text, foreign);
  assert.deepEqual(await readdir(path), ['east']);
  const engine = await install(data, { installation: 'two' }, 'open');
  assert.match((await examine(path, `east=${east}`)).text, foreign);
  await engine.close();
  const files = await readdir(data);
  const { text, exitCode } = await examine(path, `east=${east}`);
  assert.match(text, foreign);
  assert.equal(exitCode, 1);
  assert.deepEqual(await readdir(data), files, 'nothing is left behind');
  await install(join(path, 'own'), { installation: 'one' });
  const own = await examine(path, `east=${east}`, { TENANTRY_DATA_DIR: join(path, 'own') });
  assert.match(own.text, /^ok +cluster east: .*its mark is of this name and installation$/m);
});

test('a cluster on MongoDB of another installation is a fault beside a master database in a directory', {
  skip: missing,
}, async () => {
  await using directory = await scratch();
  await using database = scratchDatabase();
  const own = database.database.collection<{ _id: string; cluster: string; installation: string }>('tenantry');
  await own.insertOne({ _id: 'cluster', cluster: 'eu', installation: 'another' });
  await install(join(directory.path, 'data'), { installation: 'one' });
  const { text, exitCode } = await examine(directory.path, `eu=${database.url}`, {
    TENANTRY_DATABASE_NAME: database.name,
  });
  assert.match(text, /^wrong +cluster eu: .*eu leads to the cluster eu of another installation/m);
  assert.equal(exitCode, 1);
});

test('organizations whose cluster is not named are a fault, by their number and the first names', async () => {
  await using directory = await scratch();
  const { path } = directory;
  const names = Array.from({ length: 12 }, (_, number) => `Acme ${10 + number}`);
  await install(join(path, 'data'), { organizations: names.map((name) => ({ name, cluster: 'west' })) });
  const { text, exitCode } = await examine(path, `east=${join(path, 'east')}`);
  assert.match(
    text,
    /^wrong +TENANTRY_CLUSTERS does not name west, while 12 organizations are in it: Acme 10 \(org_\w+\), .*Acme 19 \(org_\w+\) and others\. Name it again\.$/m,
  );
  assert.equal(exitCode, 1);
  assert.doesNotMatch((await examine(path, `west=${join(path, 'west')}`)).text, /does not name/);
});

test('organizations whose cluster is not named are a fault on MongoDB too, and its bounds are compared', {
  skip: missing,
}, async () => {
  await using database = scratchDatabase();
  const settings = {
    TENANTRY_DATABASE_URL: database.url,
    TENANTRY_DATABASE_NAME: database.name,
    TENANTRY_SECRET: makeSecret(),
    TENANTRY_CLUSTER_COLLECTIONS: '1',
  };
  const engine = await fill(settings, { organizations: [{ name: 'Acme', cluster: 'west' }] });
  await engine.close();
  const { text } = await doctor(readSettings({ TENANTRY_PORT: '0', ...settings }), examineDatabase);
  assert.match(text, /^wrong +TENANTRY_CLUSTERS does not name west, while 1 organization is in it: Acme \(/m);
  assert.match(text, /^warning +cluster main has \d+ collections of the 1 that it may have \(TENANTRY_CLUSTER_COLL/m);
});

test('a cluster that has reached a bound is warned of', async () => {
  await using directory = await scratch();
  const { path } = directory;
  const placed = [
    { name: 'one', cluster: 'main' },
    { name: 'two', cluster: 'east', level: 'database' },
    { name: 'three', cluster: 'east', level: 'cluster' },
    { name: 'four', cluster: 'east', level: 'pooled' },
  ] as const;
  await install(join(path, 'data'), { organizations: placed });
  const bounds = { TENANTRY_CLUSTER_COLLECTIONS: '1', TENANTRY_CLUSTER_DATABASES: '5,east=2' };
  const { text, exitCode } = await examine(path, `east=${join(path, 'east')}`, bounds);
  const warnings = text.split('\n').filter((line) => line.startsWith('warning'));
  assert.deepEqual(warnings, [
    'warning  cluster main has 1 collections of the 1 that it may have (TENANTRY_CLUSTER_COLLECTIONS): no organization of level collection finds room there',
    'warning  cluster east has 2 databases of the 2 that it may have (TENANTRY_CLUSTER_DATABASES): no organization of level database or cluster finds room there',
  ]);
  assert.equal(exitCode, 0);
});

test('a cluster on a full disk is warned of', async (t) => {
  const disk = await mountSmallDisk(64);
  if (typeof disk === 'string') {
    t.skip(disk);
    return;
  }
  await using mounted = disk;
  await using directory = await scratch();
  mounted.fill();
  const { text } = await examine(directory.path, `east=${mounted.directory}`);
  assert.match(text, /^warning +0\.0 GiB free on the disk of cluster east$/m);
});

test('a cluster that does not answer is warned of, without its password', async () => {
  await using directory = await scratch();
  const { text, exitCode } = await examine(directory.path, 'eu=mongodb://ada:hunter2@127.0.0.1:9/');
  assert.match(text, /^warning +cluster eu: .*did not answer/m);
  assert.doesNotMatch(text, /hunter2/);
  assert.equal(exitCode, 0);
});

test('a cluster on MongoDB is told with its version, and is left as it is', { skip: missing }, async () => {
  await using directory = await scratch();
  await using database = scratchDatabase();
  const { text, exitCode } = await examine(directory.path, `eu=${database.url}`, {
    TENANTRY_DATABASE_NAME: database.name,
  });
  assert.match(
    text,
    /^ok +cluster eu: mongodb:\S+, MongoDB \S+, 0 collections and 0 databases of organizations; it has no mark yet/m,
  );
  assert.equal(exitCode, 0);
  assert.deepEqual(await database.database.listCollections().toArray(), []);
});

test('a cluster of another installation is a fault where a MongoDB tells which one this is', {
  skip: missing,
}, async (t) => {
  await using directory = await scratch();
  await using database = scratchDatabase();
  await using proxy = await startProxy(database.url);
  const own = database.database.collection<{ _id: string }>('tenantry');
  const mark = (cluster: string, installation: string) =>
    own.replaceOne({ _id: 'cluster' }, { cluster, installation }, { upsert: true });
  // One server stands for two: what its database says is exchanged between the looks at them.
  let looks = 0;
  let installation = 'one';
  const { stats } = Db.prototype;
  t.mock.method(Db.prototype, 'stats', async function look(this: Db) {
    looks += 1;
    await (looks % 2 === 1 ? mark('main', 'one') : mark('eu', installation));
    return await stats.apply(this);
  });
  const find = async () =>
    await examine(directory.path, `eu=${proxy.url()}`, {
      TENANTRY_DATABASE_URL: database.url,
      TENANTRY_DATABASE_NAME: database.name,
      TENANTRY_SECRET: makeSecret(),
    });
  assert.match((await find()).text, /^ok +cluster eu: .*its mark is of this name and installation$/m);
  installation = 'another';
  assert.match((await find()).text, /^wrong +cluster eu: .*eu leads to the cluster eu of another installation/m);
  assert.equal(looks, 4);
});
