import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import {
  Binary,
  Code,
  type Db,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  UUID,
} from 'mongodb';
import { masterKinds } from '../src/engine.ts';
import { makeSecret } from '../src/identity/secret.ts';
import { lacking } from './documentation/commands.ts';
import { blocksOf, readPage, rowsOfTables } from './documentation/page.ts';
import { openGround } from './guide/ground.ts';
import { commandsWithAnswers, withoutChance } from './guide/printed.ts';
import { missing } from './mongodb/address.ts';
import { scratchDatabase } from './mongodb/scratch.ts';
import { type Answer, call, create, signIn } from './service/calls.ts';

const page = readPage('docs/beside-mongodb.md');
const skip = missing || (await lacking('curl'));

/** An organization of the name acme with a collection todos, on a database that another program has open too. */
async function openBoth() {
  await using stack = new AsyncDisposableStack();
  const { url, name, database } = stack.use(scratchDatabase());
  const settings = { DATABASE_URL: url, DATABASE_NAME: name, SECRET: makeSecret() };
  const ground = stack.use(await openGround(settings));
  await create(ground.service.url, 'acme');
  const token = await signIn(ground.service.url, 'acme');
  const ask = (method: string, path: string, body?: object) =>
    call(ground.service.url, [method, `/v1/organizations/acme/collections${path}`], { token, ...(body && { body }) });
  await ask('POST', '', { name: 'todos' });
  await ground.paste(`ACME=${token}`);
  const kept = stack.move();
  return { ground, database, ask, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** What mongosh calls the types of the server. */
const types = {
  Double: (value: number) => new Double(value),
  NumberInt: (value: number) => new Int32(value),
  NumberLong: (text: string) => Long.fromString(text),
  NumberDecimal: (text: string) => Decimal128.fromString(text),
  ISODate: (text: string) => new Date(text),
  ObjectId: (text: string) => new ObjectId(text),
  BinData: (subType: number, text: string) => new Binary(Buffer.from(text, 'base64'), subType),
  UUID: (text: string) => new UUID(text),
  Timestamp: (t: number, i: number) => new Timestamp({ t, i }),
  Code: (text: string) => new Code(text),
  MinKey: () => new MinKey(),
  MaxKey: () => new MaxKey(),
};

/** Does what somebody types into mongosh. */
function inMongosh(database: Db, text: string): unknown {
  const db = { getCollection: (name: string) => database.collection(name) };
  return runInNewContext(`(${text.trim()})`, { ...types, db });
}

/** A document as any program may store it. */
interface Stored {
  readonly _id: string | number | ObjectId;
  readonly [member: string]: unknown;
}

test('what another program does and what the API answers is what docs/beside-mongodb.md shows', { skip }, async () => {
  await using both = await openBoth();
  const commands = commandsWithAnswers(page).values();
  for (const { language, text } of blocksOf(page)) {
    if (language === 'js') await inMongosh(both.database, text);
    if (language !== 'sh') continue;
    const answer = commands.next().value?.answer ?? '';
    assert.equal(withoutChance(await both.ground.paste(text)), withoutChance(answer), text);
  }
});

test('every type that another program stores is answered as docs/beside-mongodb.md says', { skip }, async () => {
  await using both = await openBoth();
  const rows = rowsOfTables(page, 'answered').map((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, text]) => text));
  assert.ok(rows.length > 10);
  for (const [place, [stored = '', answered]] of rows.entries()) {
    const value = inMongosh(both.database, stored);
    await both.database.collection<Stored>('org_acme').insertOne({ _id: `${place}`, value });
    const { body } = await both.ask('GET', `/default/documents/${place}`);
    assert.equal(JSON.stringify((body as { value: unknown }).value), answered, stored);
  }
});

test('what other programs may do has the effects that docs/beside-mongodb.md tells', { skip }, async () => {
  await using both = await openBoth();
  const collection = both.database.collection<Stored>('org_acme');
  const _id = new ObjectId('65a1b2c3d4e5f60718293a4b');
  await collection.insertMany([{ _id }, { _id: 7 }, { _id: 'own', _note: 'kept', at: new Date(0) }]);
  const { body } = await both.ask('GET', '/default/documents');
  const ids = (body as { data: { _id: string }[] }).data.map((document) => document._id);
  assert.deepEqual(ids, ['own', '65a1b2c3d4e5f60718293a4b'], 'ids of other types are not listed');

  const patched = await both.ask('PATCH', '/default/documents/own', { done: true });
  assert.deepEqual(membersOf(patched), { _note: 'kept', at: { $date: '1970-01-01T00:00:00Z' }, done: true });
  const at = (await collection.findOne({ _id: 'own' }))?.['at'];
  assert.deepEqual(at, { $date: '1970-01-01T00:00:00Z' }, 'the date has become an object');
  assert.deepEqual(membersOf(await both.ask('PUT', '/default/documents/own', { done: true })), { done: true });

  const before = await both.ask('GET', '/default/documents/own');
  const change = "updateOne({ _id: 'own' }, { $set: { done: false }, $inc: { _version: 1 } })";
  await inMongosh(both.database, `db.getCollection('org_acme').${change}`);
  const after = await both.ask('GET', '/default/documents/own');
  assert.notEqual(after.headers.get('etag'), before.headers.get('etag'));

  const count = async () => (await both.ask('GET', '/default/count')).body;
  assert.deepEqual(await count(), { documents: 0 });
  await both.ground.paste('npm run --silent tenantry -- recount');
  assert.deepEqual(await count(), { documents: 2 });
});

/** The names in the first cell of a row. */
function namesIn(row = ''): string[] {
  const [, cell = ''] = row.split('|');
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
}

const notToBeWritten = namesIn(rowsOfTables(page, 'because')[0]);

test('docs/beside-mongodb.md tells not to write to any collection of ours, by every kind of record that there is', () => {
  const kinds = masterKinds.map(({ name }) => name);
  const rows = rowsOfTables(readPage('docs/operations.md'), 'what it is');
  const ours = rows.filter((row) => !row.startsWith('| `org_` ')).flatMap(namesIn);
  assert.deepEqual(
    notToBeWritten.filter((name) => !/^tenantry(?:_|$)/.test(name)).sort(),
    kinds.toSorted(),
    'the kinds of the master database',
  );
  assert.deepEqual(notToBeWritten.toSorted(), ours.sort());
});

test('docs/beside-mongodb.md tells not to write to what stands there beside the collections of organizations', {
  skip,
}, async () => {
  await using scratch = scratchDatabase();
  const token = 'o'.repeat(32);
  const settings = { DATABASE_URL: scratch.url, DATABASE_NAME: scratch.name, SECRET: makeSecret() };
  await using ground = await openGround({ ...settings, OPERATOR_TOKEN: token });
  const { url } = ground.service;
  for (const level of ['collection', 'pooled', 'database']) {
    const admin = { email: `${level}@example.com`, password: `password of ${level}` };
    const body = { name: level, admin, placement: { level } };
    const { status } = await call(url, ['POST', '/v1/organizations'], { body, token });
    assert.equal(status, 201);
    const documents = `${url}/v1/organizations/${level}/collections/default/documents`;
    const headers = {
      authorization: `Bearer ${await signIn(url, level)}`,
      'content-type': 'application/json',
      'idempotency-key': level,
    };
    assert.equal((await fetch(documents, { method: 'POST', headers, body: '{}' })).status, 201);
  }
  const standing = await scratch.database.listCollections({}, { nameOnly: true }).toArray();
  const ours = standing.map(({ name }) => name).filter((name) => !name.startsWith('org_'));
  assert.ok(ours.includes('tenantry_kept') && ours.includes('tenantry_pooled') && ours.includes('tenantry_databases'));
  assert.deepEqual(
    ours.filter((name) => !notToBeWritten.includes(name)),
    [],
  );
});

function membersOf({ body }: Answer): object {
  const { _id, _version, _created_at, _updated_at, ...members } = body as Record<string, unknown>;
  return members;
}
