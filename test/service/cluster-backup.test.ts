import assert from 'node:assert/strict';
import { cp, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { ask, create, documentsOf, open } from './cluster-ground.ts';
import { eventually } from './eventually.ts';
import { dataDirectory, runCommand, type Service } from './service.ts';

/** Creates organizations in a cluster with a document each, and deletes every second one, until it is ended. */
async function createAndDelete(service: Service, lane: string, signal: AbortSignal): Promise<number> {
  let number = 0;
  for (; !signal.aborted; number += 1) {
    const name = `${lane}-${number}`;
    const level = number % 3 === 0 ? 'cluster' : 'collection';
    assert.equal((await create(service, name, { level, cluster: 'east' })).status, 201);
    assert.equal((await ask(service, 'PUT', `${documentsOf(name)}/one`, { name })).status, 201);
    if (number % 2 === 1) assert.equal((await ask(service, 'DELETE', `/v1/organizations/${name}`)).status, 200);
  }
  return number;
}

async function names(service: Service): Promise<string[]> {
  const { body } = await ask(service, 'GET', '/v1/organizations?limit=1000');
  return (body as { data: { name: string }[] }).data.map(({ name }) => name);
}

suite('a backup with a cluster in a directory', { timeout: 120_000 }, () => {
  test('is of one instant, restored elsewhere finds the documents there, and the work goes on', async () => {
    await using east = await dataDirectory();
    await using ground = await open({ CLUSTERS: `east=${east.path}` });
    await using restored = await dataDirectory();
    const copy = join(restored.path, 'copy');
    const service = await ground.start();
    for (const [name, placement] of [
      ['kept', { level: 'cluster' }],
      ['shared', { level: 'pooled', cluster: 'east' }],
      ['home', { level: 'collection', cluster: 'main' }],
    ] as const) {
      assert.equal((await create(service, name, placement)).status, 201);
      assert.equal((await ask(service, 'PUT', `${documentsOf(name)}/one`, { name })).status, 201);
    }
    const ending = new AbortController();
    const lanes = ['one', 'two', 'three'].map((lane) => createAndDelete(service, lane, ending.signal));
    const inside = await runCommand(['backup', join(east.path, 'copy')], ground.directory, {});
    assert.match(inside.error, /is in the directory of east, and would be lost with it/);
    const { code, out, error } = await runCommand(['backup', copy], ground.directory, {});
    ending.abort();
    const made = await Promise.all(lanes);
    assert.equal(code, 0, error);
    assert.ok(
      made.every((number) => number > 0),
      'it was taken amid work',
    );
    const { files, left_out } = JSON.parse(out) as { files: string[]; left_out?: string[] };
    assert.equal(left_out, undefined);
    for (const file of [...files, 'clusters/east/cluster.json'])
      assert.equal((await stat(join(copy, file))).mode & 0o077, 0);
    await service.stop();

    const [data, cluster] = [join(restored.path, 'data'), join(restored.path, 'east')];
    await cp(copy, data, { recursive: true });
    await rename(join(data, 'clusters', 'east'), cluster);
    const again = await ground.start({ DATA_DIR: data, CLUSTERS: `east=${cluster}` });
    for (const name of ['kept', 'shared', 'home']) {
      const { body } = await ask(again, 'GET', `${documentsOf(name)}/one`);
      assert.equal((body as { name: string }).name, name);
    }
    // Whoever is there can be written to and deleted: none is in the one and not in the other.
    for (const name of await names(again)) {
      assert.equal((await ask(again, 'PUT', `${documentsOf(name)}/two`, { name })).status, 201, name);
    }
    const recount = await runCommand(['recount'], data, {});
    assert.deepEqual((JSON.parse(recount.out) as { corrected: unknown[] }).corrected, []);
    for (const name of await names(again)) {
      assert.equal((await ask(again, 'DELETE', `/v1/organizations/${name}`)).status, 200, name);
    }
    // A deletion that was under way at that instant is left to who began it for half a minute; then a sweep finishes it.
    await eventually(async () => {
      const { body } = await ask(again, 'GET', '/v1/clusters');
      const counts = (body as { data: { organizations: number; collections: number }[] }).data;
      assert.deepEqual(
        counts.map(({ organizations, collections }) => [organizations, collections]),
        [
          [0, 0],
          [0, 0],
        ],
      );
    });
  });

  test('without the directory of the cluster in its place is refused at a start', async () => {
    await using east = await dataDirectory();
    await using empty = await dataDirectory();
    await using ground = await open({ CLUSTERS: `east=${east.path}` });
    await using restored = await dataDirectory();
    const service = await ground.start();
    assert.equal((await create(service, 'acme', { level: 'cluster' })).status, 201);
    const copy = join(restored.path, 'copy');
    assert.equal((await runCommand(['backup', copy], ground.directory, {})).code, 0);
    await service.stop();
    const { code, error } = await runCommand(['start'], copy, { CLUSTERS: `east=${empty.path}` });
    assert.equal(code, 78);
    assert.match(error, /organizations are in east, and where it leads to now there is nothing of Tenantry/);
  });
});
