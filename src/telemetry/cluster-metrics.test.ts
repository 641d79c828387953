import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { Registry } from 'prom-client';
import type { Log } from '../log.ts';
import { type ClusterStanding, showClusters } from './cluster-metrics.ts';

const up: ClusterStanding = {
  name: 'main',
  health: 'up',
  organizations: 3,
  standing_collections: 12,
  databases: 1,
  bytes: 4_096,
  room: { collections: 88, databases: null },
};

const down: ClusterStanding = {
  ...up,
  health: 'down',
  organizations: null,
  standing_collections: null,
  databases: null,
  bytes: null,
  room: { collections: null, databases: null },
};

/** Clusters whose standing a test sets, on a clock that stands still, and how often they were looked at. */
function openSource(standing: ClusterStanding | Error) {
  const registry = new Registry();
  const state = { standing, milliseconds: 0, looks: 0, warnings: 0 };
  const log: Log = {
    info() {},
    warn() {
      state.warnings += 1;
    },
    error() {},
    audit() {},
  };
  const metrics = showClusters([registry], {
    async describe() {
      state.looks += 1;
      if (state.standing instanceof Error) throw state.standing;
      return [state.standing];
    },
    elapsed: () => state.milliseconds,
    log,
  });
  const shown = async () => {
    metrics.look();
    await turnOfLoop();
    const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return Object.fromEntries(
      lines.map((line) => line.replaceAll(/tenantry_cluster_|\{cluster="main"\}/g, '').split(' ')),
    );
  };
  return { state, shown };
}

test('a cluster is shown with what is in it, and with no room where it has no bound', async () => {
  const { shown } = openSource(up);
  assert.deepEqual(await shown(), {
    up: '1',
    organizations: '3',
    collections: '12',
    databases: '1',
    bytes: '4096',
    room_collections: '88',
  });
});

test('of one that does not answer any more nothing is shown but that', async () => {
  const { state, shown } = openSource(up);
  await shown();
  state.standing = down;
  state.milliseconds = 15_000;
  assert.deepEqual(await shown(), { up: '0' });
});

test('clusters are looked at every fifteen seconds at most, however often the metrics are asked for', async () => {
  const { state, shown } = openSource(up);
  for (const milliseconds of [0, 1, 14_999]) {
    state.milliseconds = milliseconds;
    await shown();
  }
  assert.equal(state.looks, 1);
  state.milliseconds = 15_000;
  await shown();
  assert.equal(state.looks, 2);
});

test('a look that fails is told in the log, and the next one is made', async () => {
  const { state, shown } = openSource(new Error('the driver is closed'));
  assert.deepEqual(await shown(), {});
  assert.equal(state.warnings, 1);
  state.standing = up;
  state.milliseconds = 15_000;
  assert.equal((await shown())['up'], '1');
});
