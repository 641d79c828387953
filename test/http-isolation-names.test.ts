import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Level } from '../src/store/documents.ts';
import { engines } from './engines.ts';
import { assertRefused, bodyOf } from './http-documents/calls.ts';
import {
  collectionNames,
  type DocumentsGround,
  documentsOf,
  everyDocument,
  everyStage,
  levels,
  makeCollection,
  openDocuments,
  put,
  type Tenant,
} from './http-documents/ground.ts';

/** Names that give one collection's name, or the beginning of another's. The old service kept all but the last two in one place. */
const names = ['Same Place', 'same_place', 'same-place', 'SAME.place', 'Same', 'Same Place users'];

/** Each organization puts the same ids into collections of the same names, a mark of its own in each. */
async function fill(tenants: readonly Tenant[]): Promise<void> {
  for (const tenant of tenants) {
    await makeCollection(tenant, 'users');
    for (const collection of ['default', 'users']) {
      for (const id of ['a', 'A']) await put(tenant, id, { mark: tenant.name, id, collection }, collection);
    }
  }
}

async function assertOwn(tenant: Tenant): Promise<void> {
  assert.deepEqual(await collectionNames(tenant), ['default', 'users']);
  for (const collection of ['default', 'users']) {
    const found = await everyDocument(tenant, {}, collection);
    assert.deepEqual(
      found.map(({ mark, id, collection: of, _version }) => [mark, id, of, _version]),
      ['A', 'a'].map((id) => [tenant.name, id, collection, 1]),
      `${collection} of ${tenant.name}`,
    );
  }
}

/** Creates one of each name, at the levels in turn, and ends them one after the other in three ways. */
async function liveBeside(ground: DocumentsGround, chosen: readonly Level[]): Promise<void> {
  const tenants: Tenant[] = [];
  for (const [number, name] of names.entries()) {
    tenants.push(await ground.tenant(name, chosen[number % chosen.length]));
  }
  await fill(tenants);
  for (const tenant of tenants) await assertOwn(tenant);
  for (const spelling of ['SAME PLACE', ' same  place ']) {
    const admin = { email: 'other@example.com', password: 'the password of other' };
    assertRefused(await ground.operate('POST', '', { body: { name: spelling, admin } }), [
      409,
      'organization_name_taken',
    ]);
  }
  while (tenants.length > 0) {
    const [first, ...others] = tenants.splice(0);
    assert.ok(first);
    assert.equal(bodyOf(await first.send('DELETE', documentsOf()))['deleted'], 2);
    for (const other of others) await assertOwn(other);
    bodyOf(await first.send('DELETE', '/collections/users'));
    for (const other of others) await assertOwn(other);
    bodyOf(await first.send('DELETE', ''));
    for (const other of others) await assertOwn(other);
    tenants.push(...others);
  }
}

for (const stage of everyStage) {
  describe(`organizations of nearly one name on ${stage.name}`, { timeout: 120_000 }, () => {
    test('whose collections would be named alike, or one like the beginning of another, have their own data', async () => {
      await using ground = await openDocuments(stage);
      await liveBeside(ground, [stage.level]);
    });
  });
}

for (const engine of engines) {
  describe(`organizations of nearly one name at mixed levels on the ${engine.name} engine`, {
    timeout: 120_000,
  }, () => {
    test('have their own data', async () => {
      await using ground = await openDocuments({ engine, level: 'collection' }, { isMixed: true });
      await liveBeside(ground, levels);
    });
  });
}
