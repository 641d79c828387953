import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { BSON, type Db, type Document } from 'mongodb';
import { knownLayout } from '../../src/store/mongodb/layout.ts';
import { missing, testUrl } from '../mongodb/address.ts';
import { scratchDatabase } from '../mongodb/scratch.ts';
import { missingStandalone, startStandalone } from '../mongodb/server.ts';
import { startSilentServer } from '../mongodb/silent-server.ts';
import { create, read } from './calls.ts';
import { mongodb } from './cut-ground.ts';
import { openServiceGround } from './ground.ts';
import { type GivenSettings, runCommand } from './service.ts';

const password = 'pass-that-nobody-may-see';

/** No process makes it: the data is in a database. */
const directory = join(tmpdir(), `tenantry-${randomBytes(6).toString('hex')}`);

function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** What is told of a command that must be refused: one text for the operator, and no secret. */
async function refusalOf(settings: GivenSettings, args: readonly string[] = ['start']): Promise<string> {
  const given = { DATABASE_NAME: 'tenantry_test_refused', SECRET: newSecret(), START_SECONDS: '1', ...settings };
  const { code, out, error } = await runCommand(args, directory, given);
  assert.equal(code, 78, error + out);
  assert.doesNotMatch(error, /^\s+at /m, 'no stack');
  for (const secret of [password, given.SECRET]) assert.ok(!secret || !(out + error).includes(secret), out + error);
  return error;
}

/** The address of a server with a user and a password in it. */
function withUser(url: string): string {
  return url.replace('mongodb://', `mongodb://ada:${password}@`);
}

async function freeAddress(): Promise<string> {
  const listener = createServer();
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return `127.0.0.1:${port}`;
}

/** All documents and indexes of a database, by their bytes. */
async function bytesOf(database: Db): Promise<Record<string, string>> {
  const standing = await database.listCollections({}, { nameOnly: true }).toArray();
  const each = standing.map(async ({ name }) => {
    const documents = await database.collection(name).find().sort({ _id: 1 }).toArray();
    const indexes = await database.collection(name).listIndexes().toArray();
    return [name, Buffer.from(BSON.serialize({ documents, indexes })).toString('hex')] as const;
  });
  return Object.fromEntries(await Promise.all(each));
}

const one = /^[^\n]+\n$/;

suite('a start that cannot be made good by waiting ends with 78', { timeout: 180_000, concurrency: 2 }, () => {
  test('a server that is too old is told, with what is needed', async () => {
    // 4.4, which the driver still speaks to, and 4.0, which it does not.
    for (const maxWireVersion of [9, 7]) {
      await using server = await startSilentServer({ hello: (usual) => ({ ...usual, maxWireVersion }) });
      const error = await refusalOf({ DATABASE_URL: server.url });
      assert.match(error, one);
      assert.match(error, /127\.0\.0\.1:\d+ is too old.*MongoDB 5\.0 or later/);
    }
  });

  test('wrong credentials are told with the setting that holds them, and not shown', async () => {
    const failed = { ok: 0, code: 18, codeName: 'AuthenticationFailed', errmsg: 'Authentication failed.' };
    await using server = await startSilentServer({
      answer: (command) => ('saslStart' in command ? failed : { ok: 1 }),
    });
    const error = await refusalOf({ DATABASE_URL: withUser(server.url) });
    assert.match(error, one);
    assert.match(error, /refuses the user or the password in TENANTRY_DATABASE_URL/);
  });

  test('lacking rights are told with what was refused, and the password is not shown', async () => {
    const errmsg = 'not authorized on master_db to execute command listCollections';
    await using server = await startSilentServer({
      answer: (command) => ('listCollections' in command ? { ok: 0, code: 13, errmsg } : { ok: 1 }),
    });
    const error = await refusalOf({ DATABASE_URL: server.url });
    assert.match(error, one);
    assert.ok(error.includes('lacks rights') && error.includes(errmsg), error);
  });

  test('a server that is no member of the replica set that the address names is told by what it is', async () => {
    await using standalone = await startSilentServer({ hello: ({ setName: _, ...usual }) => usual });
    const alone = await refusalOf({ DATABASE_URL: `${standalone.url}?replicaSet=rs0` });
    assert.match(alone, /is a standalone server.*\n.*--replSet rs0.*\n.*rs\.initiate\(\)/);
    await using other = await startSilentServer({ hello: (usual) => ({ ...usual, setName: 'blue' }) });
    const named = await refusalOf({ DATABASE_URL: `${other.url}?replicaSet=rs0` });
    assert.match(named, one);
    assert.match(named, /is of the replica set blue, and replicaSet in TENANTRY_DATABASE_URL is rs0/);
  });

  test('a replica set that is not initiated is told as that', async () => {
    const hello = ({ setName: _, hosts: __, primary: ___, me: ____, ...usual }: Document) => ({
      ...usual,
      isWritablePrimary: false,
      ismaster: false,
      isreplicaset: true,
    });
    await using server = await startSilentServer({ hello });
    for (const options of ['', '?replicaSet=rs0']) {
      const error = await refusalOf({ DATABASE_URL: `${server.url}${options}` });
      assert.match(error, one);
      assert.match(error, /is not initiated: run rs\.initiate\(\) on it once/);
    }
  });

  test('a start ends when its time is over', async () => {
    const address = await freeAddress();
    const secondsOf = async (DATABASE_URL: string, START_SECONDS: string) => {
      const begun = performance.now();
      await refusalOf({ DATABASE_URL, START_SECONDS });
      return (performance.now() - begun) / 1_000;
    };
    for (const url of [`mongodb://${address}/`, `mongodb://${address}/?replicaSet=rs0`]) {
      // How long a process takes for itself is the machine's affair.
      const own = await secondsOf(url, '0');
      const seconds = (await secondsOf(url, '2')) - own;
      // A server that were waited for would take five seconds at each try.
      assert.ok(seconds < 2 + 2.5, `${seconds} s`);
    }
  });

  test('a host that does not exist is told by its name', async () => {
    const error = await refusalOf({ DATABASE_URL: withUser('mongodb://nowhere.invalid/') });
    assert.match(error, one);
    assert.match(error, /nowhere\.invalid did not answer within 1 seconds.*No such host/);
  });

  test('a server that never answers is told by its address', async () => {
    const address = await freeAddress();
    const error = await refusalOf({ DATABASE_URL: withUser(`mongodb://${address}/`) });
    assert.match(error, one);
    assert.ok(error.includes(`mongodb://${address} did not answer within 1 seconds`), error);
  });

  test('an address that is malformed is told, and nothing of its password', async () => {
    const unescaped = await refusalOf({ DATABASE_URL: `mongodb://ada:${password}@${password}@db.example.com/` });
    assert.match(unescaped, /TENANTRY_DATABASE_URL.*%40/);
    const option = await refusalOf({ DATABASE_URL: withUser('mongodb://db.example.com/?replicaset=') });
    assert.match(option, one);
    assert.match(option, /TENANTRY_DATABASE_URL/);
    const scheme = await refusalOf({ DATABASE_URL: `postgres://ada:${password}@db.example.com/` });
    assert.match(scheme, /TENANTRY_DATABASE_URL.*mongodb:\/\//);
  });

  test('an address without a secret is told, with the command that makes one', async () => {
    const error = await refusalOf({ DATABASE_URL: withUser('mongodb://db.example.com/'), SECRET: '' });
    assert.match(error, /TENANTRY_SECRET is not set.*43.*npm run tenantry -- secret.*TENANTRY_DATABASE_URL/);
  });

  test('a backup is refused: the database has tools of its own', async () => {
    const url = withUser('mongodb://db.example.com/');
    const error = await refusalOf({ DATABASE_URL: url }, ['backup', join(directory, 'copy')]);
    assert.match(error, one);
    assert.match(error, /server's own tools.*TENANTRY_SECRET/);
  });
});

suite('a server that answers', { skip: missing, timeout: 180_000, concurrency: 2 }, () => {
  const url = testUrl() ?? '';

  test('as a standalone is refused, with the two lines that make it a replica set', {
    skip: missingStandalone,
  }, async () => {
    await using server = await startStandalone();
    const error = await refusalOf({ DATABASE_URL: server.url });
    const [what, ...lines] = error.trimEnd().split('\n');
    assert.match(what ?? '', /127\.0\.0\.1:\d+ is a standalone server/);
    assert.equal(lines.length, 2, error);
    assert.match(lines[0] ?? '', /--replSet rs0/);
    assert.match(lines[1] ?? '', /rs\.initiate\(\)/);
  });

  test('with keys of another secret is refused, changes nothing, and goes on with its own', async () => {
    await using ground = await openServiceGround(mongodb);
    const first = await ground.start();
    assert.equal((await create(first.url, 'acme')).status, 201);
    const former = await ground.inspect();
    for (const args of [['start'], ['rotate-keys']]) {
      const error = await refusalOf({ ...ground.settings, SECRET: newSecret() }, args);
      assert.match(error, one);
      assert.match(error, /TENANTRY_SECRET is not the secret of this database/);
    }
    assert.deepEqual(await ground.inspect(), former);
    const second = await ground.start();
    assert.equal((await read(second.url, 'acme')).status, 200);
  });

  test('with the database of the old service is refused by the names, which stays as it is to the byte', async () => {
    await using scratch = scratchDatabase();
    const { database, name } = scratch;
    await database.collection('organizations').createIndex({ organization_name: 1 }, { name: 'by name', unique: true });
    await database.collection('organizations').insertMany([
      {
        organization_name: 'acme',
        collection_name: 'org_acme',
        admin_id: 'of the old service',
        created_at: new Date(),
      },
      { organization_name: 'globex', collection_name: 'org_globex' },
    ]);
    await database.collection('admins').insertOne({ email: 'ada@example.com', password: '$2b$12$' });
    await database.collection('org_acme').insertOne({ of: 'acme' });
    const former = await bytesOf(database);
    for (const args of [['start'], ['rotate-keys']]) {
      const error = await refusalOf({ DATABASE_URL: url, DATABASE_NAME: name }, args);
      assert.match(error, one);
      assert.ok(error.includes(`${name} holds organizations of another program`), error);
      assert.match(error, /TENANTRY_DATABASE_NAME/);
    }
    assert.deepEqual(await bytesOf(database), former);
  });

  test('with collections that are named otherwise than the kinds is taken, and they stay as they are', async () => {
    await using ground = await openServiceGround(mongodb);
    await using stranger = scratchDatabase();
    await stranger.database.collection('admins').insertOne({ email: 'ada@example.com' });
    const former = await bytesOf(stranger.database);
    const service = await ground.start({ DATABASE_NAME: stranger.name });
    assert.equal((await create(service.url, 'acme')).status, 201);
    assert.equal((await bytesOf(stranger.database))['admins'], former['admins']);
    await service.stop('SIGKILL');
  });

  test('with a newer layout is refused, and it stays', async () => {
    await using scratch = scratchDatabase();
    const { database, name } = scratch;
    await database
      .collection<{ _id: string; layout: number }>('tenantry')
      .insertOne({ _id: 'layout', layout: knownLayout + 1 });
    const former = await bytesOf(database);
    const error = await refusalOf({ DATABASE_URL: url, DATABASE_NAME: name });
    assert.match(error, one);
    assert.match(error, /has layout \d+, made by a newer Tenantry/);
    assert.deepEqual(await bytesOf(database), former);
  });

  test('without data takes no command of the operator, and none is made', async () => {
    await using scratch = scratchDatabase();
    const error = await refusalOf({ DATABASE_URL: url, DATABASE_NAME: scratch.name }, ['rotate-keys']);
    assert.match(error, one);
    assert.match(error, /no data of Tenantry in the database.*TENANTRY_DATABASE_NAME/);
    assert.deepEqual(await bytesOf(scratch.database), {});
  });
});
