import type { Db } from 'mongodb';
import type { ClusterMeasure } from '../documents.ts';
import { databaseOf } from './client.ts';
import { type ReadGround, repeatedly } from './documents-ground.ts';
import { listDatabases } from './own-databases.ts';
import { slotCount, slotsIn } from './slots.ts';

/** What the server tells of a database (https://www.mongodb.com/docs/manual/reference/command/dbStats/). */
interface Stats {
  readonly collections: number;
  readonly totalSize: number;
}

/**
 * What is in the cluster: in the database that organizations share, and in those of their own. Collections are counted
 * whoever made them; organizations by their slots, and databases by what was noted of them, which are ours alone.
 *
 * @throws {TenantryError} storage_unavailable
 */
export async function measureCluster(ground: ReadGround): Promise<ClusterMeasure> {
  const { client, database } = ground;
  const names = await listDatabases(ground);
  const own = await Promise.all(names.map((name) => readStats(ground, databaseOf(client, name))));
  const shared = await readStats(ground, database);
  const slots = await repeatedly(ground, () => slotsIn(database).countDocuments());
  return {
    organizations: Math.ceil(slots / slotCount) + names.length,
    collections: own.reduce((sum, stats) => sum + stats.collections, shared.collections),
    databases: names.length,
    bytes: own.reduce((sum, stats) => sum + stats.totalSize, shared.totalSize),
  };
}

function readStats(ground: ReadGround, database: Db): Promise<Stats> {
  return repeatedly(ground, async () => (await database.stats()) as Stats & object);
}
