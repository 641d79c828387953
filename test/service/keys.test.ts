import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { knownLayout } from '../../src/store/mongodb/layout.ts';
import { scratchDatabase } from '../mongodb/scratch.ts';
import { call, create, signIn } from './calls.ts';
import { mongodb } from './cut-ground.ts';
import { eventually } from './eventually.ts';
import { openServiceGround } from './ground.ts';
import { runCommand } from './service.ts';

/** The time in which a rotation has reached every instance. */
const reachMilliseconds = 5_000;

async function keyIds(url: string): Promise<string[]> {
  const { body } = await call(url, ['GET', '/.well-known/jwks.json']);
  return (body as { keys: readonly { kid: string }[] }).keys.map(({ kid }) => kid);
}

function keyOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
}

/** What an instance answers to a token where nothing is to be changed: 200. */
async function use(url: string, token: string): Promise<number> {
  return (await call(url, ['PUT', '/org/update'], { body: { organization_name: 'acme' }, token })).status;
}

/** Signs in on each instance in turn and uses the token on all of them, until the signal. Gives the tokens. */
async function keepUsing(urls: readonly string[], signal: AbortSignal): Promise<string[]> {
  const tokens: string[] = [];
  while (!signal.aborted) {
    const token = await signIn(urls[tokens.length % urls.length] ?? '', 'acme');
    tokens.push(token);
    // A token of the time before, too: its key signs no more, and verifies.
    for (const each of new Set([token, tokens[0] ?? token])) {
      const statuses = await Promise.all(urls.map((url) => use(url, each)));
      assert.ok(
        statuses.every((status) => status === 200),
        statuses.join(),
      );
    }
  }
  return tokens;
}

suite('the signing keys of several instances', { skip: mongodb.skip, timeout: 180_000 }, () => {
  test('ten that start at once on an empty database make one key and one set of indexes, and all are ready', async () => {
    await using scratch = scratchDatabase();
    await using ground = await openServiceGround(mongodb);
    const settings = { DATABASE_NAME: scratch.name };
    const services = await Promise.all(Array.from({ length: 10 }, () => ground.start(settings)));
    const keys = await Promise.all(services.map(({ url }) => keyIds(url)));
    assert.equal(keys[0]?.length, 1);
    for (const each of keys) assert.deepEqual(each, keys[0]);
    const statuses = services.map(async ({ url }) => (await call(url, ['GET', '/health/ready'])).status);
    assert.deepEqual(await Promise.all(statuses), Array(services.length).fill(200));
    const { database } = scratch;
    assert.equal(await database.collection('signing_keys').countDocuments(), 1);
    const [mark, layout, ...others] = await database.collection('tenantry').find().sort({ _id: 1 }).toArray();
    assert.deepEqual([mark?._id, mark?.['cluster'], others], ['cluster', 'main', []]);
    assert.deepEqual(layout, { _id: 'layout', layout: knownLayout });
    const indexesOf = async (collection: string) =>
      (await database.collection(collection).listIndexes().toArray()).map(({ name }) => String(name)).sort();
    assert.deepEqual(await indexesOf('organizations'), [
      '_id_',
      'tenantry_many_admin_user_id',
      'tenantry_many_status',
      'tenantry_unique_collection_name',
      'tenantry_unique_name_key',
    ]);
    assert.deepEqual(await indexesOf('users'), ['_id_', 'tenantry_unique_email_key']);
    await Promise.all(services.map((service) => service.stop('SIGKILL')));
  });

  test('rotate by one command: within five seconds of its end the new one signs everywhere, and no token is refused meanwhile', async () => {
    await using ground = await openServiceGround(mongodb);
    const urls = (await ground.startAll(3)).map(({ url }) => url);
    assert.equal((await create(urls[0] ?? '', 'acme')).status, 201);
    const ending = new AbortController();
    const using = Promise.all(
      urls.map((_, place) => keepUsing([...urls.slice(place), ...urls.slice(0, place)], ending.signal)),
    );
    // Where a token is refused the test ends with that, not with an error that nobody handled.
    using.catch(() => {});
    const former = await keyIds(urls[0] ?? '');
    const { code, out, error } = await runCommand(['rotate-keys'], ground.directory, ground.settings);
    assert.equal(code, 0, error);
    const { key } = JSON.parse(out);
    assert.ok(!former.includes(key));
    const ended = performance.now();
    const keys = async () => Promise.all(urls.map(async (url) => keyOf(await signIn(url, 'acme'))));
    await eventually(async () => assert.deepEqual(await keys(), Array(urls.length).fill(key)));
    assert.ok(performance.now() - ended < reachMilliseconds);
    ending.abort();
    const tokens = (await using).flat();
    assert.deepEqual(new Set(tokens.map(keyOf)), new Set([...former, key]));
    for (const url of urls) assert.deepEqual(new Set(await keyIds(url)), new Set([...former, key]));
  });

  test('rotate where no instance runs', async () => {
    await using ground = await openServiceGround(mongodb);
    const first = await ground.start();
    assert.equal((await create(first.url, 'acme')).status, 201);
    const token = await signIn(first.url, 'acme');
    await first.stop();
    const { code, out, error } = await runCommand(['rotate-keys'], ground.directory, ground.settings);
    assert.equal(code, 0, error);
    const second = await ground.start();
    assert.equal(keyOf(await signIn(second.url, 'acme')), JSON.parse(out).key);
    assert.equal(await use(second.url, token), 200);
  });
});
