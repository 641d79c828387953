import { randomBytes } from 'node:crypto';
import { after } from 'node:test';
import { type Db, MongoClient } from 'mongodb';
import { missing, testUrl } from './address.ts';
import { dropDatabases } from './drop-databases.ts';

/**
 * A database of a test's own. Dropped at the end of its scope, with those that organizations have to themselves, after
 * which nothing may write to it: a write makes it anew.
 */
export interface Scratch extends AsyncDisposable {
  /** The server's address, without the database's name. */
  readonly url: string;
  /** `tenantry_test_` and 12 hexadecimal digits. */
  readonly name: string;
  /** The database as a client of the test's own sees it, behind the back of the service. */
  readonly database: Db;
}

let shared: MongoClient | undefined;

after(() => shared?.close());

/**
 * A plain client that the tests of this process share; closed when they are over. For the process of the tests alone: a
 * child that imports this file would be taken for a test.
 */
export function plainClient(): MongoClient {
  shared ??= new MongoClient(serverUrl());
  return shared;
}

/** A database that nothing else uses: `await using scratch = scratchDatabase()`. It is there from its first collection on. */
export function scratchDatabase(): Scratch {
  const name = `tenantry_test_${randomBytes(6).toString('hex')}`;
  const database = plainClient().db(name);
  return {
    url: serverUrl(),
    name,
    database,
    async [Symbol.asyncDispose]() {
      await dropDatabases(plainClient(), name);
    },
  };
}

function serverUrl(): string {
  const url = testUrl();
  if (url === undefined) throw new Error(`${missing}: skip the test`);
  return url;
}
