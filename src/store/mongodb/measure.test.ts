import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { makeTenant } from '../../../test/contract/documents-tenants.ts';
import { documentOf, insertAll } from '../../../test/contract/documents-writes.ts';
import { openGround } from '../../../test/contract/ground.ts';
import { engine } from '../../../test/contract/mongodb.ts';
import { missing } from '../../../test/mongodb/address.ts';
import { plainClient } from '../../../test/mongodb/scratch.ts';

suite('the measure of a cluster', { skip: missing, timeout: 60_000 }, () => {
  test('counts organizations, their collections and databases, and no longer those that were dropped', async () => {
    await using ground = await openGround(engine);
    const { documents } = ground;
    const counted = async () => {
      const { bytes, ...counts } = await documents.measure();
      assert.ok(bytes > 0);
      return counts;
    };
    const { collections: before, ...none } = await counted();
    assert.deepEqual(none, { organizations: 0, databases: 0 });
    const [pooled, beside, apart] = [
      await makeTenant(documents, { level: 'pooled', collection_name: 'org_a' }),
      await makeTenant(documents, { level: 'collection', collection_name: 'org_b' }),
      await makeTenant(documents, { level: 'database', collection_name: 'org_c' }),
    ];
    const shared = (await counted()).collections;
    for (const place of [pooled, beside, apart]) await insertAll(documents, place, [documentOf('a')], 'users');
    const { collections, ...others } = await counted();
    assert.deepEqual(others, { organizations: 3, databases: 1 });
    assert.equal(collections, shared + 2, 'of the pooled one there is none');
    await documents.makeCollection(apart);
    assert.equal((await counted()).databases, 1);
    for (const place of [pooled, apart]) await documents.dropCollection(place);
    const { collections: one, ...left } = await counted();
    assert.deepEqual(left, { organizations: 1, databases: 0 });
    await documents.dropCollection(beside);
    const { collections: rest, ...gone } = await counted();
    assert.deepEqual(gone, { organizations: 0, databases: 0 });
    assert.equal(one - rest, 2);
    assert.ok(rest > before, 'what organizations share stays');
  });

  test('counts collections of other programs as standing there, whatever their names, and as no organization', async () => {
    await using ground = await openGround(engine);
    const { collections: before, ...counts } = await ground.documents.measure();
    const database = plainClient().db(ground.location);
    for (const name of ['org_stranger', 'org_stranger.more', 'other']) await database.createCollection(name);
    const { collections, ...after } = await ground.documents.measure();
    assert.equal(collections, before + 3);
    assert.deepEqual([after.organizations, after.databases], [counts.organizations, counts.databases]);
  });
});
