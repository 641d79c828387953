import type { MongoClient } from 'mongodb';

/** Drops a database of the service, and those that organizations have to themselves. */
export async function dropDatabases(client: MongoClient, name: string): Promise<void> {
  const database = client.db(name);
  const own = await database.collection<{ _id: string }>('tenantry_databases').find().toArray();
  for (const { _id } of own) await client.db(_id).dropDatabase();
  await database.dropDatabase();
}
