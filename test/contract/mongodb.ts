import { randomBytes } from 'node:crypto';
import { MongoClient } from 'mongodb';
import type { Log } from '../../src/log.ts';
import { openMongodb } from '../../src/store/mongodb/open.ts';
import { openMongodbCluster } from '../../src/store/mongodb/open-cluster.ts';
import { dropDatabases } from '../mongodb/drop-databases.ts';
import type { Engine } from './engine.ts';

/** The databases of the clusters that were opened, by that of their store. */
const clusters = new Map<string, Set<string>>();

const silent: Log = { info() {}, warn() {}, error() {}, audit() {} };

function serverUrl(): string {
  const url = process.env['TEST_MONGODB_URL'];
  if (url === undefined) throw new Error('TEST_MONGODB_URL names no server');
  return url;
}

/** The engine on the server that `TEST_MONGODB_URL` names: each test has a database of its own, which several stores share. */
export const engine: Engine = {
  name: 'mongodb',
  module: import.meta.url,
  instances: 2,
  share: 0.2,
  create: async () => `tenantry_test_${randomBytes(6).toString('hex')}`,
  async open(database, { kinds }) {
    return await openMongodb({ url: serverUrl(), database, kinds, log: silent, startSeconds: 30 });
  },
  async openCluster(location, name) {
    const database = `${location}_${name}`;
    clusters.set(location, (clusters.get(location) ?? new Set()).add(database));
    return openMongodbCluster({ name, url: serverUrl(), database, log: silent });
  },
  async destroy(database) {
    await using client = await new MongoClient(serverUrl()).connect();
    for (const each of [database, ...(clusters.get(database) ?? [])]) await dropDatabases(client, each);
    clusters.delete(database);
  },
};
