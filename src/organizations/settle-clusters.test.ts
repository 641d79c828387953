import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines } from '../../test/engines.ts';
import { openTenancy, signUp, type TestTenancy } from '../../test/tenancy.ts';
import { type Cluster, clusters as kind } from '../placement/cluster.ts';
import { replace } from '../store/records.ts';
import { organizations } from './organization.ts';
import { settleClusters } from './settle-clusters.ts';

/** Clusters of these names, of which nothing is asked. */
function named(...names: string[]): Cluster[] {
  return names.map((name) => ({
    name,
    kind: 'embedded',
    documents: {} as Cluster['documents'],
    admit: async () => {},
  }));
}

async function known({ tenancy }: TestTenancy): Promise<string[]> {
  return (await tenancy.records.list(kind, 'kind', { limit: 9 })).map(({ id }) => id).sort();
}

/** Signs an organization up, and has its record say that it is in this cluster. */
async function placeIn({ tenancy }: TestTenancy, name: string, cluster: string): Promise<string> {
  const { caller } = await signUp(tenancy, name);
  const organization = await tenancy.records.get(organizations, caller.organization_id);
  if (organization === undefined) throw new Error('it was created');
  const moved = { ...organization, placement: { ...organization.placement, cluster } };
  assert.equal((await tenancy.records.commit([replace(organizations, moved)])).result, 'done');
  return organization.id;
}

for (const engine of engines) {
  describe(`clusters of the settings at a start on the ${engine.name} engine`, () => {
    test('are remembered, by starts at once too, and forgotten where no organization is in them', async () => {
      await using opened = await openTenancy({ engine });
      const { records } = opened.tenancy;
      await Promise.all([1, 2, 3].map(() => settleClusters(records, named('main', 'east'))));
      assert.deepEqual(await known(opened), ['east', 'main']);
      await settleClusters(records, named('main'));
      assert.deepEqual(await known(opened), ['main']);
      await settleClusters(records, named('main', 'west'));
      assert.deepEqual(await known(opened), ['main', 'west']);
    });

    test('are missed where organizations are in one, which are named', async () => {
      await using opened = await openTenancy({ engine });
      const { records } = opened.tenancy;
      await settleClusters(records, named('main', 'east'));
      const id = await placeIn(opened, 'Acme', 'east');
      await signUp(opened.tenancy, 'Globex');
      await assert.rejects(settleClusters(records, named('main')), {
        name: 'StartError',
        exitCode: 78,
        message: `TENANTRY_CLUSTERS does not name east, while 1 organization is in it: Acme (${id}). Name it again.`,
      });
      assert.deepEqual(await known(opened), ['east', 'main']);
      await settleClusters(records, named('main', 'east'));
    });

    test('are refused where another engine has taken the name', async () => {
      await using opened = await openTenancy({ engine });
      const { records } = opened.tenancy;
      await settleClusters(records, named('main', 'east'));
      const [main, east] = named('main', 'east');
      if (main === undefined || east === undefined) throw new Error('there are two');
      await assert.rejects(settleClusters(records, [main, { ...east, kind: 'mongodb' }]), { exitCode: 78 });
    });
  });
}
