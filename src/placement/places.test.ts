import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TenantryError } from '../errors.ts';
import type { Documents, Level } from '../store/documents.ts';
import type { Bounds } from './bounds.ts';
import type { Cluster } from './cluster.ts';
import { createPlaces, type Places } from './places.ts';

/** A cluster of which only the part that places are chosen by works: it counts what was made in it. */
interface TestCluster extends Cluster {
  readonly has: { collections: number; databases: number };
  /** It does not answer. */
  isGone: boolean;
  released: number;
  measured: number;
}

function testCluster(name: string): TestCluster {
  const cluster: TestCluster = {
    name,
    kind: 'mongodb',
    admit: async () => {},
    has: { collections: 0, databases: 0 },
    isGone: false,
    released: 0,
    measured: 0,
    documents: {
      async assignPlace(_level: Level, organization: string) {
        return { cluster: name, database: organization };
      },
      releasePlace() {
        cluster.released += 1;
      },
      async measure() {
        cluster.measured += 1;
        if (cluster.isGone) throw new TenantryError('storage_unavailable', 'gone');
        return { organizations: 1, bytes: 2, ...cluster.has };
      },
    } as unknown as Documents,
  };
  return cluster;
}

interface Ground {
  readonly clusters: readonly TestCluster[];
  readonly places: Places;
  pass(milliseconds: number): void;
  /** Where an organization goes, as `cluster level`. */
  assign(wanted?: { level?: Level; cluster?: string }): Promise<string>;
}

function open(bounds: Bounds, levels: readonly Level[] = ['collection']): Ground {
  const clusters = ['main', 'east', 'west'].map(testCluster);
  let elapsed = 0;
  const places = createPlaces({ clusters, levels, boundsOf: () => bounds, elapsed: () => elapsed });
  return {
    clusters,
    places,
    pass(milliseconds) {
      elapsed += milliseconds;
    },
    async assign(wanted = {}) {
      const { cluster, level } = await places.assign({ ...wanted, organization: 'org' });
      return `${cluster} ${level}`;
    },
  };
}

const many = Number.POSITIVE_INFINITY;
const full = { name: 'TenantryError', code: 'clusters_full' };

test('the first cluster with room is taken, then the next, and in the end there is none', async () => {
  const { assign } = open({ collections: 2, databases: 1 });
  const found = [];
  for (let turn = 0; turn < 6; turn += 1) found.push(await assign());
  assert.deepEqual(
    found,
    ['main', 'main', 'east', 'east', 'west', 'west'].map((name) => `${name} collection`),
  );
  await assert.rejects(assign(), full);
  // Each level has a bound of its own, and what is pooled has none.
  assert.equal(await assign({ level: 'database' }), 'main database');
  assert.equal(await assign({ level: 'pooled' }), 'main pooled');
});

test('where all are full an organization is pooled if the installation allows it, and not where it asked for a level', async () => {
  const { assign } = open({ collections: 0, databases: 0 }, ['collection', 'pooled']);
  assert.equal(await assign(), 'main pooled');
  await assert.rejects(assign({ level: 'collection' }), full);
  assert.equal(await assign({ cluster: 'west' }), 'west pooled');
});

test('level cluster is never in main, and a cluster that is asked for is the one', async () => {
  const { assign, places } = open({ collections: many, databases: many });
  assert.equal(await assign({ level: 'cluster' }), 'east cluster');
  assert.equal(await assign({ level: 'cluster', cluster: 'west' }), 'west cluster');
  assert.equal(await assign({ cluster: 'west' }), 'west collection');
  assert.deepEqual(places.check({ level: 'cluster', cluster: 'main' }), {
    'placement/cluster': 'must be another than main at level cluster',
  });
  assert.deepEqual(places.check({ cluster: 'north' }), { 'placement/cluster': 'must be one of main, east, west' });
  assert.deepEqual(places.check({ level: 'cluster' }), {});
  const [main] = open({ collections: many, databases: many }).clusters;
  const alone = createPlaces({
    clusters: main === undefined ? [] : [main],
    levels: ['collection'],
    boundsOf: () => ({ collections: many, databases: many }),
    elapsed: () => 0,
  });
  assert.deepEqual(alone.check({ level: 'cluster' }), {
    'placement/level': 'cannot be cluster: there is none but main',
  });
});

test('one that is gone leaves the next, and where all are gone that is told', async () => {
  const { assign, clusters } = open({ collections: 9, databases: 9 });
  const [main, east, west] = clusters;
  if (main === undefined || east === undefined || west === undefined) throw new Error('there are three');
  main.isGone = true;
  assert.equal(await assign(), 'east collection');
  east.isGone = true;
  west.isGone = true;
  east.has.collections = 9;
  const again = open({ collections: 9, databases: 9 });
  for (const cluster of again.clusters) cluster.isGone = true;
  await assert.rejects(again.assign(), { code: 'storage_unavailable' });
});

test('room that is given up is taken by the next, and a measure is taken for five seconds', async () => {
  const { assign, clusters, places, pass } = open({ collections: 1, databases: 1 });
  const [main] = clusters;
  const place = await places.assign({ organization: 'org' });
  assert.equal(await assign(), 'east collection');
  places.release(place);
  assert.equal(main?.released, 1);
  assert.equal(await assign(), 'main collection');
  assert.equal(main?.measured, 1);
  pass(5_000);
  // What was assigned stands there by now, or was given up.
  assert.equal(await assign(), 'main collection');
  assert.equal(main?.measured, 2);
});

test('a further collection of an organization finds room where each is one of the cluster, until that is full', async () => {
  const { clusters, places, assign } = open({ collections: 2, databases: 1 });
  const [main, east] = clusters;
  if (main === undefined || east === undefined) throw new Error('there are three');
  const at = (level: Level) => ({ cluster: 'east', database: 'shared', level });
  await places.keepCollection(at('collection'));
  const giveUp = await places.keepCollection(at('database'));
  await assert.rejects(places.keepCollection(at('cluster')), full);
  await places.keepCollection(at('pooled'));
  giveUp();
  await places.keepCollection(at('collection'));
  assert.equal(await assign({ cluster: 'east', level: 'database' }), 'east database');
  // Rows of the organization's table, in a file.
  Object.assign(main, { kind: 'embedded' });
  Object.assign(main.has, { collections: 9 });
  await places.keepCollection({ ...at('collection'), cluster: 'main' });
  assert.equal(main.measured, 0);
});

test('the last room of a cluster is not given twice, and what fails gives it back', async () => {
  const { places } = open({ collections: 3, databases: 1 });
  const place = { cluster: 'main', database: 'shared', level: 'collection' } as const;
  const kept = await Promise.allSettled(Array.from({ length: 9 }, () => places.keepCollection(place)));
  const given = kept.filter((each) => each.status === 'fulfilled');
  assert.equal(given.length, 3);
  for (const { value: giveUp } of given) giveUp();
  await places.keepCollection(place);
});

test('what is given up after a newer measure takes no room from what was kept since', async () => {
  const { places, pass, clusters } = open({ collections: 2, databases: 1 });
  for (const { name, has } of clusters) if (name !== 'main') has.collections = 2;
  const early = await places.assign({ organization: 'early' });
  const giveUp = await places.keepCollection(early);
  pass(5_000);
  await places.assign({ organization: 'later' });
  await places.keepCollection(early);
  places.release(early);
  giveUp();
  await assert.rejects(places.assign({ organization: 'last' }), full);
});

test('each cluster has its own bound', async () => {
  const { clusters } = open({ collections: 0, databases: 0 });
  const places = createPlaces({
    clusters,
    levels: ['collection'],
    boundsOf: ({ name }) => ({ collections: name === 'east' ? 1 : 0, databases: 0 }),
    elapsed: () => 0,
  });
  assert.equal((await places.assign({ organization: 'org' })).cluster, 'east');
  await assert.rejects(places.assign({ organization: 'org' }), full);
});

test('without a bound nothing is measured', async () => {
  const { assign, clusters } = open({ collections: many, databases: many });
  await assign();
  assert.equal(clusters[0]?.measured, 0);
});

test('each cluster is described, also one that does not answer', async () => {
  const { clusters, places } = open({ collections: 5, databases: many });
  const [main, east] = clusters;
  if (main === undefined || east === undefined) throw new Error('there are three');
  Object.assign(main.has, { collections: 7, databases: 3 });
  east.isGone = true;
  const [first, second] = await places.describe();
  assert.deepEqual(first, {
    name: 'main',
    kind: 'mongodb',
    health: 'up',
    organizations: 1,
    standing_collections: 7,
    databases: 3,
    bytes: 2,
    room: { collections: 0, databases: null },
  });
  assert.deepEqual([second?.health, second?.organizations, second?.room.collections], ['down', null, null]);
});
