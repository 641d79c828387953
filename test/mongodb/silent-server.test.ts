import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { MongoClient, MongoServerError, MongoServerSelectionError } from 'mongodb';
import { startSilentServer } from './silent-server.ts';

const patient = { serverSelectionTimeoutMS: 10_000 };

test('a driver takes a scripted server for a member of a replica set, and is answered as told', async () => {
  await using server = await startSilentServer({ answer: ({ ping }) => ({ ok: 1, pinged: ping }) });
  await using client = new MongoClient(`${server.url}?replicaSet=rs0`, patient);
  assert.equal((await client.db('any').command({ ping: 1 }))['pinged'], 1);
});

test('a driver is refused by a scripted server with an error of its code', async () => {
  const refusal = { ok: 0, code: 13, codeName: 'Unauthorized', errmsg: 'not authorized' };
  await using server = await startSilentServer({ answer: () => refusal });
  await using client = new MongoClient(server.url, patient);
  const create = client.db('any').createIndex('things', { name: 1 });
  await assert.rejects(create, (error: unknown) => error instanceof MongoServerError && error.code === 13);
});

test('credentials that a scripted server refuses are refused with its code', async () => {
  const refusal = { ok: 0, code: 18, codeName: 'AuthenticationFailed', errmsg: 'Authentication failed.' };
  await using server = await startSilentServer({ answer: () => refusal });
  await using client = new MongoClient(server.url.replace('//', '//somebody:secret@'), patient);
  await assert.rejects(client.connect(), (error: unknown) => error instanceof MongoServerError && error.code === 18);
});

test('a driver refuses a scripted server that says it is too old', async () => {
  await using server = await startSilentServer({ hello: (usual) => ({ ...usual, maxWireVersion: 5 }) });
  const client = new MongoClient(server.url);
  const failed = once(client, 'serverHeartbeatFailed');
  const connected = assert.rejects(client.connect());
  const [{ failure }] = await failed;
  assert.match(failure.message, /maximum wire version 5/);
  // It would go on asking for half a minute.
  await client.close();
  await connected;
});

test('a scripted server is a standalone one or a router where it says so', async () => {
  for (const kind of [{}, { msg: 'isdbgrid' }]) {
    await using server = await startSilentServer({ hello: ({ setName, hosts, ...usual }) => ({ ...usual, ...kind }) });
    await using client = new MongoClient(server.url, patient);
    const hello = await client.db('admin').command({ hello: 1 });
    assert.equal(hello['setName'], undefined);
    assert.equal(hello['msg'], kind.msg);
  }
});

test('a scripted server that says nothing is not found', async () => {
  await using server = await startSilentServer({ hello: () => undefined });
  await using client = new MongoClient(server.url, { serverSelectionTimeoutMS: 100 });
  await assert.rejects(client.connect(), MongoServerSelectionError);
});
