import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { idempotencyKeys } from '../src/idempotency/idempotency-key.ts';
import { collections } from '../src/organizations/collection.ts';
import { assertRefused, bodyOf } from './http-documents/calls.ts';
import {
  collectionNames,
  type DocumentsGround,
  documentsOf,
  everyDocument,
  everyStage,
  makeCollection,
  openDocuments,
  put,
  type Stage,
  type Tenant,
} from './http-documents/ground.ts';
import { eventually } from './service/eventually.ts';

/** Two organizations with documents in two collections each; `remove` deletes the first. */
async function withTwo(
  stage: Stage,
  remove: (ground: DocumentsGround, acme: Tenant) => ReturnType<Tenant['send']>,
): Promise<void> {
  await using ground = await openDocuments(stage);
  const [acme, globex] = [await ground.tenant('Acme'), await ground.tenant('Globex')];
  for (const tenant of [acme, globex]) {
    await makeCollection(tenant, 'users');
    for (const id of ['a', 'b']) await put(tenant, id, { of: tenant.name });
    await put(tenant, 'a', { of: 'users' }, 'users');
    const headers = { 'idempotency-key': 'one' };
    bodyOf(await tenant.send('POST', documentsOf('users'), { body: { of: tenant.name }, headers }), 201);
  }
  const place = await ground.placeOf(acme);
  const erased = { documents: 4, bytes: Buffer.byteLength('{"of":"Acme"}') * 3 + Buffer.byteLength('{"of":"users"}') };
  const { id, name } = acme;
  assert.deepEqual(bodyOf(await remove(ground, acme)), { id, name, erased: { ...erased, collections: 2 } });
  const { records, documents } = ground.edge.opened.tenancy;
  assert.deepEqual(await records.list(collections, 'key', { prefix: `${id}/`, limit: 9 }), []);
  assert.deepEqual(await documents.usage(place), { documents: 0, bytes: 0 });
  assert.equal((await records.list(idempotencyKeys, 'expires_at', { limit: 9 })).length, 0);
  for (const path of ['', '/usage', '/collections', documentsOf(), documentsOf('users', 'a')]) {
    assertRefused(await acme.send('GET', path), [401, 'not_authenticated']);
    assertRefused(await ground.operate('GET', `/${id}${path}`), [404, 'organization_not_found']);
    assertRefused(await ground.operate('GET', `/Acme${path}`), [404, 'organization_not_found']);
  }
  const next = await ground.tenant('Acme');
  assert.deepEqual(await collectionNames(next), ['default']);
  await makeCollection(next, 'users');
  for (const collection of ['default', 'users']) assert.deepEqual(await everyDocument(next, {}, collection), []);
  assert.equal(bodyOf(await next.send('GET', '/usage'))['bytes'], 0);
  assertRefused(await next.send('GET', documentsOf('users', 'a')), [404, 'document_not_found']);
  assert.equal((await everyDocument(globex)).length, 2);
  assert.equal((await everyDocument(globex, {}, 'users')).length, 2);
}

for (const stage of everyStage) {
  describe(`deleting an organization on ${stage.name}`, { timeout: 60_000 }, () => {
    test('its admin is told what was erased, all is gone, and the next of its name sees nothing', () =>
      withTwo(stage, (_ground, acme) => acme.send('DELETE', '')));

    test('so does the operator, by its name', () =>
      withTwo(stage, (ground) => ground.operate('DELETE', `/${encodeURIComponent(' ACME ')}`)));

    test('what is written while it is deleted is refused or removed with it', async () => {
      // DocumentDB lets a drop and a write whose transaction makes a collection wait for each other now and then, until its time
      // limit for locks (`canceling statement due to lock timeout`) or the end of both calls, five seconds after they began: one
      // round in about 30 beside busy processes. Of a write without an answer nobody knows whether it was done, which is what
      // 503 says; the deletion is decided, is answered as done, and ends in the sweep. What is pooled is never dropped.
      const mayBeUnavailable = stage.engine.instances > 1 && stage.level !== 'pooled';
      // Others kept it from being done until its time was over; nothing was changed.
      const mayBeBusy = stage.engine.instances > 1;
      await using ground = await openDocuments(stage, { mayBeUnavailable });
      const [acme, globex] = [await ground.tenant('Acme'), await ground.tenant('Globex')];
      await makeCollection(acme, 'users');
      const place = await ground.placeOf(acme);
      const write = (n: number) =>
        ground.operate('PUT', `/Acme${documentsOf(n % 2 === 0 ? 'default' : 'users', `w${n}`)}`, { body: { n } });
      const writes = Array.from({ length: 20 }, (_, n) => write(n));
      const others = Array.from({ length: 5 }, (_, n) => put(globex, `w${n}`, { n }));
      const [deleted, ...written] = await Promise.all([acme.send('DELETE', ''), ...writes]);
      bodyOf(deleted);
      for (const answer of written) {
        const isGone = ['organization_not_found', 'collection_not_found'].includes(String(answer.body['code']));
        const { code } = answer.body;
        const isRefused = (mayBeUnavailable && code === 'storage_unavailable') || (mayBeBusy && code === 'busy');
        const isLater = answer.status === 503 && isRefused && answer.headers['retry-after'] !== undefined;
        assert.ok(answer.status === 201 || (answer.status === 404 && isGone) || isLater, answer.text);
      }
      await Promise.all(others);
      const { documents } = ground.edge.opened.tenancy;
      await eventually(async () => assert.deepEqual(await documents.usage(place), { documents: 0, bytes: 0 }));
      const next = await ground.tenant('Acme');
      assert.deepEqual(await everyDocument(next), []);
      assert.equal((await everyDocument(globex)).length, 5);
    });

    test('of 5 that delete it at once one does', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await put(acme, 'a', {});
      const answers = await Promise.all(Array.from({ length: 5 }, () => ground.operate('DELETE', '/Acme')));
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
      for (const answer of answers.filter(({ status }) => status !== 200)) {
        assertRefused(answer, [404, 'organization_not_found']);
      }
    });
  });
}
