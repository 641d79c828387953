import { type Db, MongoClient, type MongoClientOptions, ReadPreference, type WriteConcernSettings } from 'mongodb';

/** What was acknowledged is on the disks of a majority. Milliseconds. */
const durable = { w: 'majority', journal: true, wtimeoutMS: 5_000 } as const satisfies WriteConcernSettings;

/** How long a call waits for a connection that is free, or made, before it is sent. */
export const checkoutMilliseconds = 1_000;

/**
 * How the service talks to the server, whatever the address says of it: each by the name that it has there, because a
 * concern as an object would be mixed with the address's. All times in milliseconds.
 */
const options = {
  appName: 'tenantry',
  ...durable,
  readConcernLevel: 'majority',
  readPreference: ReadPreference.primary,
  // The driver repeats a write once; a commit finds out what became of it, and repeats until its time is over (commit.ts).
  retryWrites: false,
  retryReads: true,
  maxAdaptiveRetries: 0,
  connectTimeoutMS: 5_000,
  waitQueueTimeoutMS: checkoutMilliseconds,
  // Longer than a call has, and far shorter than a deletion is held: what was given up ends by itself.
  socketTimeoutMS: 10_000,
  // Values are those of JSON.
  promoteValues: true,
  promoteLongs: true,
  promoteBuffers: false,
  useBigInt64: false,
  raw: false,
  // Given none, the driver looks for names in an object that inherits `toString`, `constructor` and others: what is in
  // lists of such members it would hand out as bytes.
  fieldsAsRaw: Object.create(null),
  ignoreUndefined: true,
} as const satisfies MongoClientOptions;

/** A database of the client's. An address has other names for a write concern too (`j`, `wtimeout`), which this one has no ear for. */
export function databaseOf(client: MongoClient, name: string): Db {
  return client.db(name, { writeConcern: durable });
}

/**
 * Watches the servers of a client that is not connected yet.
 *
 * @returns whether one is known now that takes writes, so that a call is sent without waiting for one
 */
export function watchServers(client: MongoClient): () => boolean {
  let takesWrites = false;
  client.on('topologyDescriptionChanged', ({ newDescription: { servers } }) => {
    takesWrites = [...servers.values()].some(({ isWritable }) => isWritable);
  });
  return () => takesWrites;
}

/**
 * A client that is not connected yet.
 *
 * @param patienceMilliseconds how long a call waits for a server; those that may be done again are, until their own end
 * @throws {MongoError} the address is malformed
 */
export function createClient(url: string, patienceMilliseconds = 5_000): MongoClient {
  return new MongoClient(url, { ...options, serverSelectionTimeoutMS: patienceMilliseconds });
}
