import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { makeTenant } from '../../../test/contract/documents-tenants.ts';
import { documentOf, insertion, writeDone } from '../../../test/contract/documents-writes.ts';
import { missing } from '../../../test/mongodb/address.ts';
import { openProxied } from '../../../test/mongodb/store.ts';
import { keptCollection } from './kept-answers.ts';

suite('kept answers', { skip: missing, timeout: 60_000 }, () => {
  for (const level of ['collection', 'database'] as const) {
    test(`are removed by the server itself when their time is over, at the level ${level}`, async () => {
      await using ground = await openProxied([]);
      const { documents } = ground.store;
      const place = await makeTenant(documents, { level, collection_name: 'org_acme' });
      const keep = { id: 'k', request: 'r', answer: '{}', expires_at: '2999-01-01T00:00:00.000Z' };
      await writeDone(documents, place, [insertion(documentOf('a'))], { keep });
      const kept = ground.scratch.database.collection(keptCollection);
      const indexes = await kept.listIndexes().toArray();
      const expiring = indexes.filter(({ expireAfterSeconds }) => expireAfterSeconds === 0);
      assert.deepEqual(
        expiring.map(({ key }) => key),
        [{ expires_at: 1 }],
      );
      assert.deepEqual((await kept.findOne())?.['expires_at'], new Date(keep.expires_at));
      await documents.dropCollection(place);
      assert.equal(await kept.countDocuments(), 0);
    });
  }

  test('are not forgotten by a round that was ended', async () => {
    await using ground = await openProxied([]);
    const { documents } = ground.store;
    const place = await makeTenant(documents, { level: 'collection', collection_name: 'org_acme' });
    const keep = { id: 'k', request: 'r', answer: '{}', expires_at: '2999-01-01T00:00:00.000Z' };
    await writeDone(documents, place, [insertion(documentOf('a'))], { keep });
    await documents.forgetKept(new Date('3000-01-01'), AbortSignal.abort());
    assert.deepEqual(await documents.kept(place, 'k'), keep);
    await documents.forgetKept(new Date('3000-01-01'), new AbortController().signal);
    assert.equal(await documents.kept(place, 'k'), undefined);
  });
});
