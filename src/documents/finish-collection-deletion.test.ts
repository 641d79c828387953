import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { shareOf } from '../../test/contract/engine.ts';
import { engines } from '../../test/engines.ts';
import { intercept, unavailable } from '../../test/intercept.ts';
import { plainClient } from '../../test/mongodb/scratch.ts';
import { byTest, openTenancy, signUp, type TestTenancy } from '../../test/tenancy.ts';
import { collectionKey, collections } from '../organizations/collection.ts';
import { deleteOrganization } from '../organizations/delete.ts';
import { type Organization, organizations, placeOf } from '../organizations/organization.ts';
import { sweep } from '../organizations/sweep.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import type { Level, TenantPlace } from '../store/documents.ts';
import { createCollection } from './create-collection.ts';
import { deleteCollection } from './delete-collection.ts';
import { sweepCollections } from './finish-collection-deletion.ts';
import { insertDocument } from './insert.ts';

const day = 24 * 60 * 60 * 1_000;
const { signal } = new AbortController();

async function read({ records }: Tenancy, id: string): Promise<Organization> {
  const organization = await records.get(organizations, id);
  assert.ok(organization);
  return organization;
}

/** Makes the collection, and stores a document there. */
async function fill(tenancy: Tenancy, id: string, collection: string): Promise<void> {
  await createCollection(tenancy, { id }, collection, byTest);
  await insertDocument(tenancy, { organization: await read(tenancy, id), collection }, { collection });
}

/** The tables or collections, and the tallies, that stand in the organization's database. */
async function standing({ location }: TestTenancy, place: TenantPlace, engine: string): Promise<string[]> {
  if (engine === 'mongodb') {
    const database = plainClient().db(place.database);
    const names = (await database.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);
    const slots = await database.collection('tenantry_slots').find().toArray();
    return [...names, ...new Set(slots.flatMap(({ tallies }) => Object.keys(tallies)))].sort();
  }
  using database = new DatabaseSync(join(location, 'main', `${place.database}.db`), { readOnly: true });
  const sql = 'SELECT name FROM sqlite_schema UNION ALL SELECT collection FROM tallies ORDER BY 1';
  return database
    .prepare(sql)
    .all()
    .map(({ name }) => String(name));
}

/** Deletes the collection with a drop that is done, and whose answer is lost, or that is not done at all. */
async function deleteHalf({ tenancy }: TestTenancy, id: string, drop: 'done' | 'not done'): Promise<void> {
  const documents = intercept(tenancy.documents, 'dropRemains', async (forward) => {
    if (drop === 'done') await forward();
    throw unavailable();
  });
  const deleted = await deleteCollection({ ...tenancy, documents }, { id }, 'users', byTest);
  assert.deepEqual(deleted, { name: 'users', erased: undefined });
}

async function statusNow({ records }: Tenancy, id: string): Promise<string | undefined> {
  return (await records.find(collections, 'key', collectionKey(id, 'users')))?.status;
}

for (const engine of engines) {
  describe(`deleting collections on the ${engine.name} engine`, () => {
    for (const [level, rounds] of [
      ['collection', shareOf(engine, 200)],
      ['database', 3],
      ['pooled', 3],
    ] as const satisfies readonly (readonly [Level, number])[]) {
      test(`${rounds} that are made, filled and deleted at level ${level} leave nothing behind`, async () => {
        await using opened = await openTenancy({ engine, defaultLevels: [level] });
        const { tenancy } = opened;
        const { caller } = await signUp(tenancy, 'Acme');
        const id = caller.organization_id;
        await fill(tenancy, id, 'kept');
        await fill(tenancy, id, 'first');
        await deleteCollection(tenancy, { id }, 'first', byTest);
        const place = placeOf(await read(tenancy, id));
        const before = await standing(opened, place, engine.name);
        const usage = await tenancy.documents.usage(place);
        for (let round = 0; round < rounds; round += 1) {
          await fill(tenancy, id, `c${round}`);
          const { erased } = await deleteCollection(tenancy, { id }, `c${round}`, byTest);
          assert.equal(erased?.documents, 1);
        }
        assert.deepEqual(await standing(opened, place, engine.name), before);
        assert.deepEqual(await tenancy.documents.usage(place), usage);
        assert.equal((await read(tenancy, id)).collections, 1);
      });
    }

    if (engine.instances === 1) return;

    for (const drop of ['done', 'not done'] as const) {
      test(`a drop that was ${drop} and not answered keeps the name for a day, and then it is free`, async () => {
        await using opened = await openTenancy({ engine });
        const { tenancy, clock } = opened;
        const id = (await signUp(tenancy, 'Acme')).caller.organization_id;
        await fill(tenancy, id, 'users');
        await deleteHalf(opened, id, drop);
        clock.pass(29_999);
        await sweepCollections({ ...tenancy, instance: 'other' }, signal);
        assert.equal(await statusNow(tenancy, id), 'deleting');
        clock.pass(1);
        await sweepCollections({ ...tenancy, instance: 'other' }, signal);
        assert.equal(await statusNow(tenancy, id), 'deleted');
        const place = placeOf(await read(tenancy, id));
        assert.equal(await tenancy.documents.hasRemains(place, 'users'), false);
        assert.equal((await read(tenancy, id)).collections, 0);
        clock.pass(day - 1);
        await sweepCollections(tenancy, signal);
        await assert.rejects(createCollection(tenancy, { id }, 'users', byTest), { code: 'collection_exists' });
        clock.pass(1);
        await sweepCollections(tenancy, signal);
        await fill(tenancy, id, 'users');
        assert.equal((await tenancy.documents.usage(place, 'users')).documents, 1);
        assert.equal((await read(tenancy, id)).collections, 1);
      });
    }

    test('an organization that is deleted while a drop may arrive keeps its collections’ name for a day', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy, clock } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      await fill(tenancy, caller.organization_id, 'users');
      await deleteHalf(opened, caller.organization_id, 'not done');
      await deleteOrganization(tenancy, caller, 'Acme', byTest);
      const early = await signUp(tenancy, 'Acme');
      assert.match(early.view.collection_name, /^org_acme_/);
      await deleteOrganization(tenancy, early.caller, 'Acme', byTest);
      clock.pass(day);
      await sweep(tenancy, { signal, sparesRecent: false });
      assert.equal((await signUp(tenancy, 'Acme')).view.collection_name, 'org_acme');
    });
  });
}
