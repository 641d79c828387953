import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { suite, test } from 'node:test';
import { type MongoClient, UUID } from 'mongodb';
import { missing } from '../../../test/mongodb/address.ts';
import { plainClient, type Scratch, scratchDatabase } from '../../../test/mongodb/scratch.ts';
import { startSilentServer } from '../../../test/mongodb/silent-server.ts';
import { createClient } from './client.ts';
import { type ClientSessions, clientSessions } from './sessions.ts';

interface Process {
  readonly client: MongoClient;
  readonly sessions: ClientSessions;
}

/** Two processes on one database, as far as their sessions go. */
interface Ground extends AsyncDisposable {
  readonly scratch: Scratch;
  readonly first: Process;
  readonly second: Process;
}

async function open(): Promise<Ground> {
  await using stack = new AsyncDisposableStack();
  const scratch = stack.use(scratchDatabase());
  const start = (): Process => {
    const client = createClient(scratch.url);
    stack.defer(() => client.close());
    return { client, sessions: clientSessions(client) };
  };
  await scratch.database.collection<{ _id: string }>('things').insertOne({ _id: 'one' });
  const [first, second] = [start(), start()];
  const all = stack.move();
  return { scratch, first, second, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Writes in a transaction that is left open. */
async function writeIn({ client, sessions }: Process, { name }: Scratch, then: () => Promise<void>): Promise<void> {
  await sessions.use(async (session) => {
    session.startTransaction();
    await client
      .db(name)
      .collection<{ _id: string }>('things')
      .updateOne({ _id: 'one' }, { $set: { by: 'a transaction' } }, { session });
    await then();
  });
}

/** Writes, and waits half a second at most for who has it locked. */
async function write({ name }: Scratch): Promise<number> {
  const things = plainClient().db(name).collection<{ _id: string }>('things');
  return (await things.updateOne({ _id: 'one' }, { $inc: { writes: 1 } }, { maxTimeMS: 500 })).modifiedCount;
}

test('a mongod is asked to kill the sessions of the ids, and nothing where there are none: that would be all sessions', async () => {
  const asked: unknown[] = [];
  await using server = await startSilentServer({
    answer(command) {
      if ('killSessions' in command) asked.push(command['killSessions']);
      return { ok: 1 };
    },
  });
  const client = createClient(server.url);
  const sessions = clientSessions(client);
  const id = randomUUID();
  await sessions.end([]);
  await sessions.end([id]);
  await client.close();
  assert.deepEqual(asked, [[{ id: new UUID(id) }]]);
});

suite('sessions of transactions', { skip: missing }, () => {
  test('what one process has open is ended by another that knows its ids, and what it wrote is taken back', async () => {
    await using ground = await open();
    const { scratch, first, second } = ground;
    await writeIn(first, scratch, async () => {
      await assert.rejects(write(scratch), 'it is locked');
      await second.sessions.end(first.sessions.ids());
      assert.equal(await write(scratch), 1);
    });
    const things = scratch.database.collection<{ _id: string }>('things');
    assert.deepEqual(await things.find().toArray(), [{ _id: 'one', writes: 1 }]);
  });

  test('ids that the deployment does not know are ended too', async () => {
    await using ground = await open();
    await ground.first.sessions.end([randomUUID()]);
  });

  test('a transaction that its work leaves open is aborted', async () => {
    await using ground = await open();
    const { scratch, first } = ground;
    await assert.rejects(
      writeIn(first, scratch, () => Promise.reject(new Error('the work failed'))),
      /the work failed/,
    );
    assert.equal(await write(scratch), 1);
  });

  test('a close lets end what is in work, and refuses what would begin', async () => {
    await using ground = await open();
    const { sessions } = ground.first;
    await sessions.close();
    await assert.rejects(
      sessions.use(async () => {}),
      { code: 'storage_unavailable' },
    );
    const second = ground.second.sessions;
    const gate = Promise.withResolvers<void>();
    const ended: string[] = [];
    const work = second.use(() => gate.promise).then(() => ended.push('work'));
    const closed = second.close().then(() => ended.push('close'));
    gate.resolve();
    await Promise.all([work, closed]);
    assert.deepEqual(ended, ['work', 'close']);
  });

  test('one after the other has the same session, and those at once have each their own', async () => {
    await using ground = await open();
    const { sessions: first } = ground.first;
    const used = new Set<unknown>();
    const useOne = () => first.use(async ({ id }) => void used.add(id?.id.toUUID().toString()));
    for (let turn = 0; turn < 3; turn += 1) await useOne();
    assert.equal(used.size, 1);
    const ids = first.ids();
    const gate = Promise.withResolvers<void>();
    const many = Array.from({ length: ids.length + 1 }, () =>
      first.use(async ({ id }) => {
        await gate.promise;
        used.add(id?.id.toUUID().toString());
      }),
    );
    gate.resolve();
    await Promise.all(many);
    assert.equal(used.size, many.length);
    await useOne();
    // All are named, those of the beginning as they were.
    assert.deepEqual(new Set(first.ids()), used);
    assert.deepEqual(first.ids().slice(0, ids.length), ids);
  });
});
