import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import { MongoClient } from 'mongodb';
import { isLive } from '../../src/organizations/organization.ts';
import { missingServer, startServer } from '../mongodb/server.ts';
import { call } from './calls.ts';
import { crashJournal } from './crash-journal.ts';
import { eventually } from './eventually.ts';
import { inspectDatabase } from './inspect.ts';
import { dataDirectory, startService } from './service.ts';

const rounds = Number(process.env['TEST_ROUNDS'] ?? 1);

suite('a server that crashes', { skip: missingServer, timeout: 120_000 + rounds * 60_000 }, () => {
  test('again and again under the load of two instances loses nothing acknowledged, and all comes back by itself', async () => {
    await using server = await startServer();
    await using client = new MongoClient(server.url);
    await using directory = await dataDirectory();
    const database = client.db('crashing');
    const secret = randomBytes(32).toString('base64url');
    const settings = { DATABASE_URL: server.url, DATABASE_NAME: database.databaseName, SECRET: secret };
    const services = await Promise.all([0, 1].map(() => startService(directory.path, settings)));
    const urls = services.map(({ url }) => url);
    const journal = crashJournal();
    for (let round = 0; round < rounds; round += 1) {
      const ending = new AbortController();
      const loading = journal.load(urls, ending.signal);
      try {
        await journal.more(10);
        await server.crash();
        await journal.more(10);
      } finally {
        ending.abort();
        await loading;
      }
      for (const url of urls) {
        await eventually(async () => assert.equal((await call(url, ['GET', '/health/ready'])).status, 200));
        await journal.verify(url);
      }
    }
    const { organizations, users, collections } = await inspectDatabase(database);
    const live = organizations.filter(isLive);
    assert.deepEqual(
      live.map(({ admin_user_id }) => admin_user_id).sort(),
      users.map(({ id }) => id).sort(),
      'each organization has its admin, and no admin is left of one that is gone',
    );
    for (const { status, collection_name } of live) {
      if (status === 'active') assert.ok(collections.includes(collection_name), collection_name);
    }
    const known = organizations.map(({ collection_name }) => collection_name);
    assert.deepEqual(
      collections.filter((name) => !known.includes(name)),
      [],
      'no collection is left of an organization that is gone',
    );
    for (const { code, out } of await Promise.all(services.map((service) => service.stop()))) {
      assert.equal(code, 0);
      assert.doesNotMatch(out, /failed unexpectedly/);
    }
  });
});
