import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { create } from './calls.ts';
import { mongodb, openCutGround } from './cut-ground.ts';
import { eventually } from './eventually.ts';

/** Far less than the five seconds for which a database that is silent is asked, and more than a busy machine needs. */
const longestSeconds = 3;

/** The metrics of a process, each series with its value. */
async function metricsOf(url: string): Promise<ReadonlyMap<string, number>> {
  const begun = performance.now();
  const text = await (await fetch(`${url}/metrics`)).text();
  const seconds = (performance.now() - begun) / 1_000;
  assert.ok(seconds < longestSeconds, `the metrics took ${seconds} s`);
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.replace(/ \S+$/, ''), Number(/\S+$/.exec(line)?.[0])]));
}

suite('the metrics of a service whose database goes away', { skip: mongodb.skip, timeout: 180_000 }, () => {
  test('come at once all the while, say that it is down and what failed, and then that it is up again', async () => {
    await using cut = await openCutGround();
    const { proxy, service } = cut;
    const { url } = service;
    const up = 'tenantry_cluster_up{cluster="main"}';
    const organizations = 'tenantry_cluster_organizations{cluster="main"}';
    assert.equal((await create(url, 'acme')).status, 201);
    await eventually(async () => {
      const metrics = await metricsOf(url);
      assert.deepEqual([metrics.get(up), metrics.get(organizations)], [1, 1]);
    });
    proxy.hold();
    const failed = create(url, 'globex');
    await eventually(async () => {
      const metrics = await metricsOf(url);
      assert.deepEqual([metrics.get(up), metrics.has(organizations)], [0, false]);
    });
    assert.equal((await failed).status, 503);
    const failures = (await metricsOf(url)).get('tenantry_problems_total{code="storage_unavailable"}') ?? 0;
    assert.ok(failures >= 1);
    proxy.mend();
    await eventually(async () => assert.equal((await metricsOf(url)).get(up), 1));
  });
});
