import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterMeasure, Level } from '../../src/store/documents.ts';
import { openTenants } from './documents-tenants.ts';
import { documentsOf, insertAll } from './documents-writes.ts';
import type { Engine } from './engine.ts';
import { openGround } from './ground.ts';

/** That a cluster tells what organizations have in it. */
export function documentsMeasuring(engine: Engine): void {
  test('a measure counts the organizations that stand, also after a new start, and none that was dropped', async () => {
    await using ground = await openGround(engine);
    // It has an organization of its own, which is pooled.
    const tenants = await openTenants(ground, 'pooled');
    const empty = countsOf(await tenants.documents.measure());
    assert.deepEqual([empty.organizations, empty.databases], [1, 0]);
    const levels: readonly Level[] = ['pooled', 'collection', 'collection', 'database'];
    const places = await Promise.all(levels.map((level, number) => tenants.make(`${number}`, level)));
    for (const place of places) await insertAll(tenants.documents, place, documentsOf(10));
    const full = await tenants.documentsOf(1).measure();
    assert.equal(full.organizations, 5);
    assert.equal(full.databases, 1);
    // In a database of its own an engine may have collections beside those of the organization.
    assert.ok(full.collections >= empty.collections + 3);
    assert.ok(full.bytes > 0);
    await ground.reopen();
    assert.deepEqual(countsOf(await tenants.documents.measure()), countsOf(full));
    for (const place of places) await tenants.drop(place);
    const left = countsOf(await tenants.documentsOf(1).measure());
    assert.deepEqual([left.organizations, left.databases], [1, 0]);
    // Those of the organizations; what they share may have been made for the first of them.
    assert.ok(left.collections <= full.collections - 3);
    await tenants.end();
  });
}

function countsOf({ organizations, collections, databases }: ClusterMeasure) {
  return { organizations, collections, databases };
}
