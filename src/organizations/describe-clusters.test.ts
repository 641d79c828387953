import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines } from '../../test/engines.ts';
import { intercept, unavailable } from '../../test/intercept.ts';
import { plainClient } from '../../test/mongodb/scratch.ts';
import { byTest, openTenancy } from '../../test/tenancy.ts';
import { createCollection } from '../documents/create-collection.ts';
import type { ClusterDescription } from '../placement/places.ts';
import type { Level } from '../store/documents.ts';
import { createWithAdmin } from './create.ts';
import { describeClusters } from './describe-clusters.ts';

const unknown = { organizations: null, standing_collections: null, databases: null, bytes: null };
const room = { collections: null, databases: null };

/** A MongoDB with one collection, or one that does not answer. */
function server(name: string, health: 'up' | 'down'): ClusterDescription {
  const measured = health === 'up' ? { organizations: 1, standing_collections: 1, databases: 0, bytes: 1 } : unknown;
  return { name, kind: 'mongodb', health, ...measured, room };
}

for (const engine of engines) {
  describe(`the description of clusters on the ${engine.name} engine`, () => {
    test('tells what is of organizations, and of nobody else', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const counted = async () => {
        const [main] = await describeClusters(tenancy);
        return [main?.organizations, main?.collections, main?.databases];
      };
      assert.deepEqual(await counted(), [0, 0, 0]);
      let database = '';
      for (const level of ['pooled', 'collection', 'database'] satisfies Level[]) {
        const request = { organization_name: level, email: `${level}@example.com`, password: 'correct horse' };
        const { organization } = await createWithAdmin(tenancy, request, byTest, { placement: { level } });
        await createCollection(tenancy, organization, 'orders', byTest);
        if (level === 'collection') database = organization.placement.database;
      }
      // A further collection is one of the server's; in a file it is rows of the organization's table.
      const ours = [3, engine.name === 'mongodb' ? 4 : 2, 1];
      assert.deepEqual(await counted(), ours);
      if (engine.name !== 'mongodb') return;
      const [before] = await describeClusters(tenancy);
      await plainClient().db(database).createCollection('org_stranger');
      assert.deepEqual(await counted(), ours);
      const [after] = await describeClusters(tenancy);
      assert.equal(after?.standing_collections, Number(before?.standing_collections) + 1);
    });

    test('tells of the others where one was waited for as long as a command may take', async (context) => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const places = intercept(tenancy.places, 'describe', () => {
        const now = performance.now.bind(performance);
        context.mock.method(performance, 'now', () => now() + 5_000);
        return Promise.resolve([server('main', 'up'), server('eu', 'down')]);
      });
      const told = await describeClusters({ ...tenancy, places });
      assert.deepEqual(told, [
        { ...server('main', 'up'), collections: 0 },
        { ...server('eu', 'down'), collections: null },
      ]);
    });

    test('tells of the others where the master database does not answer', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const places = intercept(tenancy.places, 'describe', () =>
        Promise.resolve([server('main', 'down'), server('eu', 'up')]),
      );
      const records = intercept(tenancy.records, 'list', () => Promise.reject(unavailable()));
      const told = await describeClusters({ records, places });
      assert.deepEqual(
        told.map(({ health, collections }) => [health, collections]),
        [
          ['down', null],
          ['up', null],
        ],
      );
    });
  });
}
