import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Db } from 'mongodb';
import { missing } from '../test/mongodb/address.ts';
import { startProxy } from '../test/mongodb/proxy.ts';
import { scratchDatabase } from '../test/mongodb/scratch.ts';
import { doctor } from './doctor.ts';
import { examineDatabase } from './engine.ts';
import { makeSecret } from './identity/secret.ts';
import { readSettings } from './settings.ts';

async function scratch() {
  const path = await mkdtemp(join(tmpdir(), 'tenantry-doctor-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
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
  const given = { TENANTRY_DATA_DIR: join(tmpdir(), 'tenantry-none') };
  const other = await examine(path, `east=${path}`, given);
  assert.match(other.text, /^wrong +cluster east: directory \S+; TENANTRY_CLUSTERS: east leads to where west is/m);
  assert.equal(other.exitCode, 1);
  assert.match((await examine(path, `west=${path}`, given)).text, /^ok +cluster west: .*its mark is of this name$/m);
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
  assert.match(text, /^ok +cluster eu: mongodb:\S+, MongoDB \S+, 0 collections in \S+; it has no mark yet/m);
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
