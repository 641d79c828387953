import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { typeid } from 'typeid-js';
import type { Documents, Place, TenantPlace } from '../../src/store/documents.ts';
import { assignTenant, makeTenant } from './documents-tenants.ts';
import type { Engine } from './engine.ts';
import { openGround } from './ground.ts';

/** A bound small enough to be reached. */
const collectionsPerDatabase = 3;

/**
 * That a database takes a bounded number of collections, which one process counts. Engines whose bound is shared by
 * several instances, or lies with the cluster, promise none of this.
 */
export function documentsRoom(engine: Engine): void {
  if (engine.instances > 1) return;
  describe('room', { timeout: 120_000 }, () => {
    fillingDatabases(engine);
    countingOnce(engine);
    givingRoomBack(engine);
  });
}

/** How many of the places lie in each database. */
function perDatabase(places: readonly Place[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { cluster, database } of places) {
    const name = `${cluster}/${database}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** A place of level `collection`, each for another organization. */
function assign(documents: Documents, collection_name: string): Promise<TenantPlace> {
  return assignTenant(documents, { level: 'collection', collection_name });
}

function assignMany(documents: Documents, count: number): Promise<TenantPlace[]> {
  return Promise.all(Array.from({ length: count }, (_, number) => assign(documents, `org_${number}`)));
}

/** Assigns places and makes a collection in each, one after the other, as one organization after the other is created. */
async function makeMany(documents: Documents, names: readonly string[]): Promise<TenantPlace[]> {
  const places: TenantPlace[] = [];
  for (const name of names) {
    places.push(await makeTenant(documents, { level: 'collection', collection_name: name }));
  }
  return places;
}

function assertFull(places: readonly Place[], databases: number): void {
  assert.deepEqual([...perDatabase(places).values()], Array(databases).fill(collectionsPerDatabase));
}

function fillingDatabases(engine: Engine): void {
  test('a full database is followed by the next, and a name may stand in both', async () => {
    await using ground = await openGround(engine, { collectionsPerDatabase });
    const { documents } = ground;
    const places = await makeMany(documents, ['org_a', 'org_b', 'org_c', 'org_d', 'org_a', 'org_f']);
    assertFull(places, 2);
    const [first, , , fourth] = places;
    assert.ok(first && fourth);
    assert.notEqual(first.database, fourth.database);
    assert.equal(await documents.hasCollection(first, 'org_d'), false);
    await documents.dropCollection(first);
    assert.equal(await documents.hasCollection(first, 'org_a'), false);
    assert.equal(await documents.hasCollection(fourth, 'org_a'), true);
  });

  test('many assigned at once overfill no database and waste none', async () => {
    await using ground = await openGround(engine, { collectionsPerDatabase });
    const places = await assignMany(ground.documents, 21);
    assertFull(places, 7);
    await Promise.all(places.map((place) => ground.documents.makeCollection(place)));
    for (const [number, place] of places.entries()) {
      assert.equal(await ground.documents.hasCollection(place, `org_${number}`), true);
    }
    const next = await assign(ground.documents, 'org_next');
    assert.equal(perDatabase([...places, next]).size, 8);
  });

  test('a new start counts the collections that stand', async () => {
    await using ground = await openGround(engine, { collectionsPerDatabase });
    const places = await makeMany(ground.documents, ['org_a', 'org_b', 'org_c', 'org_d']);
    await ground.reopen();
    places.push(...(await makeMany(ground.documents, ['org_e'])));
    await ground.reopen();
    places.push(...(await makeMany(ground.documents, ['org_f', 'org_g', 'org_h', 'org_i'])));
    assertFull(places, 3);
  });
}

function countingOnce(engine: Engine): void {
  test('a collection that is made again takes no more room, neither free nor kept for another', async () => {
    await using ground = await openGround(engine, { collectionsPerDatabase });
    const { documents } = ground;
    const first = await makeTenant(documents, { level: 'collection', collection_name: 'org_a' });
    const second = await assign(documents, 'org_b');
    for (let repetition = 0; repetition < 3; repetition += 1) await documents.makeCollection(first);
    const places = [first, second, ...(await assignMany(documents, 4))];
    assertFull(places, 2);
  });

  test('a collection that is dropped again, or was never made, frees no more room', async () => {
    await using ground = await openGround(engine, { collectionsPerDatabase });
    const { documents } = ground;
    const places = await makeMany(documents, ['org_a', 'org_b', 'org_c']);
    const [first] = places;
    assert.ok(first);
    await documents.dropCollection(first);
    await documents.dropCollection(first);
    await documents.dropCollection({ ...first, organization: typeid('org').toString(), collection_name: 'org_never' });
    const [refilled, next] = await assignMany(documents, 2);
    assert.ok(refilled && next);
    assert.equal(refilled.database, first.database);
    assert.notEqual(next.database, first.database);
  });
}

function givingRoomBack(engine: Engine): void {
  test('room that a drop frees is used again before a new database is begun', async () => {
    await using ground = await openGround(engine, { collectionsPerDatabase });
    const { documents } = ground;
    const places = await makeMany(documents, ['org_a', 'org_b', 'org_c', 'org_d']);
    const [first, second] = places;
    assert.ok(first && second);
    await documents.dropCollection(first);
    await documents.dropCollection(second);
    const left = [...places.slice(2), ...(await makeMany(documents, ['org_e', 'org_f', 'org_g', 'org_h']))];
    assertFull(left, 2);
    await ground.reopen();
    const next = await assign(ground.documents, 'org_next');
    assert.equal(perDatabase([...left, next]).size, 3);
  });

  test('room that was kept and given up is free for the next, and a new start keeps none', async () => {
    await using ground = await openGround(engine, { collectionsPerDatabase });
    const { documents } = ground;
    const givenUp = await assignMany(documents, 6);
    for (const place of givenUp) documents.releasePlace(place);
    const kept = await assignMany(documents, 6);
    assertFull(kept, 2);
    await ground.reopen();
    const afterwards = await assignMany(ground.documents, 6);
    assertFull(afterwards, 2);
    assert.equal(perDatabase([...givenUp, ...kept, ...afterwards]).size, 2);
  });
}
