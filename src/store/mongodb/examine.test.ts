import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { suite, test } from 'node:test';
import { type Document, Long } from 'mongodb';
import { note, notes } from '../../../test/contract/kinds.ts';
import { missing } from '../../../test/mongodb/address.ts';
import { type Scratch, scratchDatabase } from '../../../test/mongodb/scratch.ts';
import { startSilentServer } from '../../../test/mongodb/silent-server.ts';
import { silent } from '../../../test/mongodb/store.ts';
import { StartError, TenantryError } from '../../errors.ts';
import { insert } from '../records.ts';
import { examineMongodb, type Finding } from './examine.ts';
import { knownLayout } from './layout.ts';
import { openMongodb } from './open.ts';

function examine({ url, name }: Pick<Scratch, 'url' | 'name'>, lookAt = async () => 'looked at the records') {
  return examineMongodb({ url, database: name, kinds: [notes], lookAt });
}

/** What was found after the line about the server. */
function verdicts([server, ...others]: readonly Finding[]): (readonly [string, string])[] {
  assert.match(server?.text ?? '', /^mongodb:\/\/\S+ is MongoDB \S+, replica set \S+$/);
  assert.equal(server?.verdict, 'ok');
  return others.map(({ verdict, text }) => [verdict, text]);
}

async function makeData({ url, name: database }: Scratch): Promise<void> {
  const store = await openMongodb({ url, database, kinds: [notes], log: silent, startSeconds: 30 });
  await store.records.commit([insert(notes, note('a'))]);
  await store.close();
}

/** Every document and every index. */
async function contents({ database }: Scratch): Promise<unknown> {
  const standing = await database.listCollections({}, { nameOnly: true }).toArray();
  const names = standing.map(({ name }) => name).sort();
  return await Promise.all(
    names.map(async (name) => {
      const collection = database.collection(name);
      return [name, await collection.find().sort({ _id: 1 }).toArray(), await collection.listIndexes().toArray()];
    }),
  );
}

suite('examining a database', { skip: missing, timeout: 60_000 }, () => {
  test('one that is not there yet is told to be made at the start, and is not made', async () => {
    await using scratch = scratchDatabase();
    assert.deepEqual(verdicts(await examine(scratch)), [
      ['ok', `database ${scratch.name} holds no data of Tenantry yet: the start makes it`],
    ]);
    assert.deepEqual(await contents(scratch), []);
  });

  test('one that is ready is told so with what its records tell, and nothing in it is changed', async () => {
    await using scratch = scratchDatabase();
    await makeData(scratch);
    const before = await contents(scratch);
    const found = await examineMongodb({
      url: scratch.url,
      database: scratch.name,
      kinds: [notes],
      lookAt: async (records) => `version ${(await records.get(notes, 'a'))?.version}`,
    });
    assert.deepEqual(verdicts(found), [
      ['ok', `database ${scratch.name} has the layout of this version`],
      ['ok', 'version 1'],
    ]);
    assert.deepEqual(await contents(scratch), before);
  });

  test('one that lacks an index is told to be mended at the start, and is not mended', async () => {
    await using scratch = scratchDatabase();
    await makeData(scratch);
    await scratch.database.collection('notes').dropIndex('tenantry_many_topic');
    const before = await contents(scratch);
    assert.deepEqual(verdicts(await examine(scratch)), [
      ['ok', `database ${scratch.name} has indexes of another version: the start makes those of this one`],
      ['ok', 'looked at the records'],
    ]);
    assert.deepEqual(await contents(scratch), before);
  });

  test('what a start would refuse is wrong, and the records are not looked at', async () => {
    const lookAt = () => assert.fail('the records were looked at');
    await using foreign = scratchDatabase();
    await foreign.database.collection('notes').insertOne({ organization_name: 'acme' });
    const [[verdict, text] = []] = verdicts(await examine(foreign, lookAt));
    assert.equal(verdict, 'wrong');
    assert.match(text ?? '', /holds notes of another program/);

    await using newer = scratchDatabase();
    await newer.database
      .collection<{ _id: string; layout: number }>('tenantry')
      .insertOne({ _id: 'layout', layout: knownLayout + 1 });
    assert.match(String(verdicts(await examine(newer, lookAt))), /^wrong,.*has layout \d+, made by a newer Tenantry/);
  });

  test('records that cannot be used are wrong, in the words of who looked at them', async () => {
    await using scratch = scratchDatabase();
    await makeData(scratch);
    const found = await examine(scratch, () => Promise.reject(new StartError(78, 'of another secret')));
    assert.deepEqual(verdicts(found).at(-1), ['wrong', 'of another secret']);
    const damaged = await examine(scratch, () =>
      Promise.reject(new TenantryError('storage_unavailable', 'The record is damaged: it is not JSON')),
    );
    assert.deepEqual(verdicts(damaged).at(-1), ['wrong', 'The record is damaged: it is not JSON']);
  });
});

/** Examines a server that says what it is told to say. */
async function examineScripted(
  script: Parameters<typeof startSilentServer>[0],
  user = '',
): Promise<readonly Finding[]> {
  await using server = await startSilentServer(script);
  return await examine({ url: server.url.replace('//', `//${user}`), name: 'master_db' });
}

/** An empty database whose server answers some commands in its own way. */
function emptyDatabase(answers: Readonly<Record<string, Document>>) {
  const usual: Readonly<Record<string, Document>> = {
    buildInfo: { ok: 1, version: '7.0.12' },
    listCollections: { ok: 1, cursor: { id: Long.ZERO, ns: 'master_db.$cmd.listCollections', firstBatch: [] } },
  };
  return {
    answer(command: Document): Document {
      const [name = ''] = Object.keys(command);
      return answers[name] ?? usual[name] ?? { ok: 1 };
    },
  };
}

const newDatabase = ['ok', 'database master_db holds no data of Tenantry yet: the start makes it'];

/** What a user has by the role `readWrite` of a database, as MongoDB 7 tells it, as far as the service needs it. */
const readWrite = [
  ...['createCollection', 'createIndex', 'dropCollection', 'dropIndex', 'find', 'insert', 'listCollections'],
  ...['listIndexes', 'remove', 'update'],
];

function privileges(resource: object, actions: readonly string[]): Readonly<Record<string, Document>> {
  return { connectionStatus: { ok: 1, authInfo: { authenticatedUserPrivileges: [{ resource, actions }] } } };
}

suite('examining a server', { timeout: 60_000 }, () => {
  test('one that does not answer is wrong', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    listener.close();
    await once(listener, 'close');
    const [found, ...others] = await examine({ url: `mongodb://127.0.0.1:${port}/`, name: 'master_db' });
    assert.equal(found?.verdict, 'wrong');
    assert.match(found.text, new RegExp(`^mongodb://127.0.0.1:${port} did not answer within 5 seconds`));
    assert.deepEqual(others, []);
  });

  test('a standalone server is wrong, with the two lines that mend it', async () => {
    const found = await examineScripted({ hello: ({ setName: _, ...usual }) => usual });
    assert.equal(found.length, 1);
    assert.match(found[0]?.text ?? '', /is a standalone server.*\n.*--replSet rs0.*\n.*rs\.initiate\(\)/);
  });

  test('a router of a sharded cluster is told from a replica set', async () => {
    const hello = ({ setName: _, hosts: __, ...usual }: Document) => ({ ...usual, msg: 'isdbgrid' });
    const [found] = await examineScripted({ hello, ...emptyDatabase({}) });
    assert.match(found?.text ?? '', /is MongoDB 7\.0\.12, a sharded cluster$/);
  });

  test('a user who is refused is wrong, and neither user nor password is told', async () => {
    const refused = { ok: 0, code: 18, codeName: 'AuthenticationFailed', errmsg: 'Authentication failed.' };
    const [found, ...others] = await examineScripted(emptyDatabase({ saslStart: refused }), 'someone:hunter2@');
    assert.equal(found?.verdict, 'wrong');
    assert.match(found.text, /refuses the user or the password in TENANTRY_DATABASE_URL/);
    assert.doesNotMatch(found.text, /someone|hunter2/);
    assert.deepEqual(others, []);
  });

  test('a user who may not read is wrong, beside what was found before', async () => {
    const refused = { ok: 0, code: 13, codeName: 'Unauthorized', errmsg: 'not authorized on master_db' };
    const found = await examineScripted(emptyDatabase({ listCollections: refused }));
    assert.match(String(verdicts(found)), /^wrong,The user in TENANTRY_DATABASE_URL lacks rights/);
  });

  test('rights that a user lacks in the whole database are warned of by their names', async () => {
    const found = async (resource: object, actions: readonly string[]) =>
      verdicts(await examineScripted(emptyDatabase(privileges(resource, actions))));
    const lacks = (rights: string) => [
      ['warning', `the user in TENANTRY_DATABASE_URL may lack rights in master_db: ${rights}`],
      newDatabase,
    ];
    assert.deepEqual(await found({ db: 'master_db', collection: '' }, readWrite), [newDatabase]);
    assert.deepEqual(await found({ db: '', collection: '' }, readWrite), [newDatabase]);
    assert.deepEqual(await found({ anyResource: true }, readWrite), [newDatabase]);
    const few = readWrite.filter((action) => !action.startsWith('drop'));
    assert.deepEqual(await found({ db: 'master_db', collection: '' }, few), lacks('dropCollection, dropIndex'));
    const all = 'find, insert, update, remove, listCollections, listIndexes, createCollection, createIndex';
    const everything = lacks(`${all}, dropCollection, dropIndex`);
    assert.deepEqual(await found({ db: 'another', collection: '' }, readWrite), everything);
    assert.deepEqual(await found({ db: 'master_db', collection: 'users' }, readWrite), everything);
  });

  test('a server that does not tell rights is believed', async () => {
    const unknown = { ok: 0, code: 59, codeName: 'CommandNotFound', errmsg: 'no such command' };
    const found = await examineScripted(emptyDatabase({ connectionStatus: unknown }));
    assert.deepEqual(verdicts(found), [newDatabase]);
  });
});
