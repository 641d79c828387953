import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../../src/log.ts';
import { openEmbedded } from '../../src/store/sqlite/open.ts';
import { openEmbeddedCluster } from '../../src/store/sqlite/open-cluster.ts';
import type { Engine } from './engine.ts';

const silent: Log = { info() {}, warn() {}, error() {}, audit() {} };

/** The embedded engine: each test has a directory of its own, and one process holds a directory. */
export const engine: Engine = {
  name: 'embedded',
  module: import.meta.url,
  instances: 1,
  share: 1,
  create: () => mkdtemp(join(tmpdir(), 'tenantry-contract-')),
  async open(directory, { kinds, collectionsPerDatabase }) {
    const store = await openEmbedded({
      directory,
      kinds,
      log: silent,
      ...(collectionsPerDatabase === undefined ? {} : { tablesPerFile: collectionsPerDatabase }),
    });
    await store.ready();
    return store;
  },
  openCluster: (location, name) => {
    const directory = join(location, `cluster-${name}`);
    return openEmbeddedCluster({ name, directory, log: silent, writerThreads: 1, onCommit() {} });
  },
  destroy: (directory) => rm(directory, { recursive: true }),
};
