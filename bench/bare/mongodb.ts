import { type Db, MongoClient, type WriteConcernSettings } from 'mongodb';

/** A record of the service as it stands in its collection. */
export interface BareDocument {
  readonly _id: string;
  readonly [member: string]: unknown;
}

/** What is acknowledged is on the disks of a majority, as the service has it. */
export const durable = { w: 'majority', journal: true } as const satisfies WriteConcernSettings;

/** The database of the bare server. */
export async function openDatabase({ url, database }: { url: string; database: string }): Promise<Db> {
  const client = new MongoClient(url, { writeConcern: durable, readConcern: { level: 'majority' } });
  await client.connect();
  return client.db(database);
}
