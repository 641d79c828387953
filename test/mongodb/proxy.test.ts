import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Collection, MongoClient, MongoNetworkError, MongoServerSelectionError } from 'mongodb';
import { missing } from './address.ts';
import { type ServerProxy, startProxy } from './proxy.ts';
import { scratchDatabase } from './scratch.ts';

interface Ground extends AsyncDisposable {
  readonly proxy: ServerProxy;
  readonly client: MongoClient;
  /** A collection through the proxy. */
  readonly through: Collection;
  /** The same one past it. */
  readonly past: Collection;
}

/** `retries: true` leaves the driver its own retries, which hide a cut. */
async function ground({ retries = false } = {}): Promise<Ground> {
  await using stack = new AsyncDisposableStack();
  const scratch = stack.use(scratchDatabase());
  const proxy = stack.use(await startProxy(scratch.url));
  const options = { retryWrites: retries, retryReads: retries, serverSelectionTimeoutMS: 10_000 };
  const client = stack.use(new MongoClient(proxy.url(), options));
  // While answers are held the driver's `close` waits for one.
  stack.defer(() => proxy.mend());
  const past = await scratch.database.createCollection('things');
  const through = client.db(scratch.name).collection('things');
  const all = stack.move();
  return { proxy, client, through, past, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

suite('the proxy in front of MongoDB', { skip: missing, timeout: 60_000 }, () => {
  test('lets everything through that it is not told to break', async () => {
    await using made = await ground();
    await made.through.insertMany(Array.from({ length: 1_000 }, (_, number) => ({ number, text: 'x'.repeat(1_000) })));
    assert.equal((await made.through.find().toArray()).length, 1_000);
    assert.equal(made.proxy.seen('insert'), 1);
    assert.equal(made.proxy.seen('delete'), 0);
  });

  test('a request that is cut before the server changes nothing, and the next one passes', async () => {
    await using made = await ground();
    made.proxy.cutBefore('insert');
    await assert.rejects(made.through.insertOne({ number: 1 }), MongoNetworkError);
    assert.equal(await made.past.countDocuments(), 0);
    await made.through.insertOne({ number: 2 });
    assert.equal(await made.past.countDocuments(), 1);
  });

  test('a request that is cut after the server is done, and not answered', async () => {
    await using made = await ground();
    made.proxy.cutAfter('insert');
    await assert.rejects(made.through.insertOne({ number: 1 }), MongoNetworkError);
    assert.equal(await made.past.countDocuments(), 1);
    await made.through.insertOne({ number: 2 });
  });

  test('of two requests at once one is cut', async () => {
    await using made = await ground();
    await using second = new MongoClient(made.proxy.url(), { retryWrites: false });
    const collections = [made.through, second.db(made.past.dbName).collection('things')];
    await Promise.all(collections.map((collection) => collection.findOne()));
    made.proxy.cutBefore('insert');
    const inserted = await Promise.allSettled(collections.map((collection) => collection.insertOne({ number: 1 })));
    assert.deepEqual(inserted.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    assert.equal(await made.past.countDocuments(), 1);
  });

  test('a commit whose answer was cut is asked for again by the driver, and is there once', async () => {
    await using made = await ground({ retries: true });
    made.proxy.cutAfter('commitTransaction');
    await made.client.withSession((session) =>
      session.withTransaction(async () => void (await made.through.insertOne({ number: 1 }, { session }))),
    );
    assert.equal(made.proxy.seen('commitTransaction'), 2);
    assert.equal(await made.past.countDocuments(), 1);
  });

  test('requests about one collection are always cut, others pass, until all is mended', async () => {
    await using made = await ground();
    const others = made.client.db(made.past.dbName).collection('others');
    await others.insertOne({ number: 0 });
    made.proxy.cutBefore('findAndModify', { collection: 'things', always: true });
    const change = (collection: Collection) =>
      collection.findOneAndUpdate({ number: 0 }, { $set: { changed: true } }, { upsert: true });
    for (let turn = 0; turn < 3; turn += 1) await assert.rejects(change(made.through), MongoNetworkError);
    await change(others);
    assert.equal(await made.past.countDocuments(), 0);
    made.proxy.mend();
    await change(made.through);
    assert.equal(await made.past.countDocuments(), 1);
  });

  test('what is held passes when it is released, and not before', async () => {
    await using made = await ground();
    await made.through.findOne();
    made.proxy.hold();
    const waits = await underWay(made, () => made.through.insertOne({ name: 'waits' }));
    assert.equal(await made.past.countDocuments(), 0);
    made.proxy.release();
    await waits.end;
    assert.deepEqual(await made.past.distinct('name'), ['waits']);
  });

  test('while it refuses no request is answered, and the client comes back by itself', async () => {
    await using made = await ground();
    await made.through.insertOne({ number: 1 });
    made.proxy.refuse();
    await assert.rejects(made.through.insertOne({ number: 2 }));
    await using late = new MongoClient(made.proxy.url(), { serverSelectionTimeoutMS: 100 });
    await assert.rejects(late.connect(), MongoServerSelectionError);
    made.proxy.accept();
    assert.equal(await made.through.countDocuments(), 1);
  });

  test('delayed answers come late', async () => {
    await using made = await ground();
    await made.through.findOne();
    const milliseconds = 300;
    made.proxy.delay(milliseconds);
    const start = performance.now();
    await made.through.insertOne({ number: 1 });
    assert.ok(performance.now() - start >= milliseconds - 1);
  });
});

/** Makes a request; resolves when the proxy has it, with the promise of its end. */
async function underWay(
  { proxy }: Ground,
  insert: () => Promise<unknown>,
): Promise<{ readonly end: Promise<unknown> }> {
  const arrived = proxy.arrival('insert');
  const end = insert();
  await arrived;
  return { end };
}
