import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { makeTenant } from '../../../test/contract/documents-tenants.ts';
import { documentOf, insertAll } from '../../../test/contract/documents-writes.ts';
import { openGround } from '../../../test/contract/ground.ts';
import { engine } from '../../../test/contract/mongodb.ts';
import { missing } from '../../../test/mongodb/address.ts';

suite('the measure of a cluster', { skip: missing, timeout: 60_000 }, () => {
  test('counts organizations, their collections and databases, and no longer those that were dropped', async () => {
    await using ground = await openGround(engine);
    const { documents } = ground;
    const counted = async () => {
      const { bytes, ...counts } = await documents.measure();
      assert.ok(bytes > 0);
      return counts;
    };
    assert.deepEqual(await counted(), { organizations: 0, collections: 0, databases: 0 });
    const [pooled, beside, apart] = [
      await makeTenant(documents, { level: 'pooled', collection_name: 'org_a' }),
      await makeTenant(documents, { level: 'collection', collection_name: 'org_b' }),
      await makeTenant(documents, { level: 'database', collection_name: 'org_c' }),
    ];
    for (const place of [pooled, beside, apart]) await insertAll(documents, place, [documentOf('a')], 'users');
    const { collections, ...others } = await counted();
    assert.deepEqual(others, { organizations: 3, databases: 1 });
    // Those of the slots are among what a database of its own holds.
    assert.equal(collections, 2 + 3);
    await documents.makeCollection(apart);
    assert.equal((await counted()).databases, 1);
    for (const place of [pooled, apart]) await documents.dropCollection(place);
    assert.deepEqual(await counted(), { organizations: 1, collections: 2, databases: 0 });
    await documents.dropCollection(beside);
    assert.deepEqual(await counted(), { organizations: 0, collections: 0, databases: 0 });
  });
});
