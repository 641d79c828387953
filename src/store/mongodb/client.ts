import { MongoClient, type MongoClientOptions, ReadPreference } from 'mongodb';

/**
 * How the service talks to the server, whatever the address says of it: each by the name that it has there, because a
 * concern as an object would be mixed with the address's. All times in milliseconds.
 */
const options = {
  appName: 'tenantry',
  // What was acknowledged is on the disks of a majority, and what is read was.
  w: 'majority',
  journal: true,
  wtimeoutMS: 5_000,
  readConcernLevel: 'majority',
  readPreference: ReadPreference.primary,
  // The driver repeats a write once; a commit finds out what became of it, and repeats until its time is over (commit.ts).
  retryWrites: false,
  retryReads: true,
  serverSelectionTimeoutMS: 5_000,
  connectTimeoutMS: 5_000,
  waitQueueTimeoutMS: 5_000,
  // Longer than a call has, and far shorter than a deletion is held: what was given up ends by itself.
  socketTimeoutMS: 10_000,
  // Values are those of JSON.
  promoteValues: true,
  promoteLongs: true,
  promoteBuffers: false,
  useBigInt64: false,
  raw: false,
  ignoreUndefined: true,
} as const satisfies MongoClientOptions;

/** A client that is not connected yet. @throws {MongoError} the address is malformed */
export function createClient(url: string): MongoClient {
  return new MongoClient(url, options);
}
