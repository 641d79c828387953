import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines } from '../../test/engines.ts';
import { unavailable } from '../../test/intercept.ts';
import { openTenancy, signUp, type TestTenancy } from '../../test/tenancy.ts';
import { clusters as kind } from '../placement/cluster.ts';
import type { ClusterMark, ClusterMarks } from '../store/cluster-mark.ts';
import { insert, replace } from '../store/records.ts';
import { admission } from './admit-cluster.ts';
import { organizations } from './organization.ts';

/** A place that holds a mark, as an engine keeps it. */
function place(mark?: ClusterMark): ClusterMarks & { mark: ClusterMark | undefined } {
  return {
    mark,
    async read() {
      return this.mark;
    },
    async write(next) {
      this.mark = next;
      return next;
    },
  };
}

async function admit({ tenancy }: TestTenancy, name: string, marks: ClusterMarks, names = ['main', 'east']) {
  const { records, log } = tenancy;
  await admission({ records, log, names, mainKind: 'embedded' }, name, marks)();
}

/** The master database as a start of the former version left it: it knows of the cluster, where an organization is. */
async function openFormer(engine: (typeof engines)[number]): Promise<TestTenancy> {
  const opened = await openTenancy({ engine });
  const { records } = opened.tenancy;
  for (const id of ['main', 'east']) await records.commit([insert(kind, { id, version: 1, kind: 'embedded' })]);
  const { caller } = await signUp(opened.tenancy, 'Acme');
  const organization = await records.get(organizations, caller.organization_id);
  if (organization === undefined) throw new Error('it was created');
  const placement = { ...organization.placement, cluster: 'east' };
  await records.commit([replace(organizations, { ...organization, placement })]);
  return opened;
}

const refused = { name: 'StartError', exitCode: 78 };

for (const engine of engines) {
  describe(`the mark of a cluster on the ${engine.name} engine`, () => {
    test('is given where the former version gave none, and from then on must be there', async () => {
      await using opened = await openFormer(engine);
      const east = place();
      await admit(opened, 'east', east);
      assert.equal(east.mark?.cluster, 'east');
      await admit(opened, 'east', east);
      await assert.rejects(admit(opened, 'east', place()), { ...refused, message: /there is nothing of Tenantry/ });
      await assert.rejects(admit(opened, 'east', place({ cluster: 'east', installation: 'another' })), refused);
    });

    test('is given by instances that start at once as of one installation', async () => {
      await using opened = await openTenancy({ engine });
      const main = place();
      await Promise.all([1, 2, 3].map(() => admit(opened, 'main', main)));
      const east = place();
      await admit(opened, 'east', east);
      assert.equal(east.mark?.installation, main.mark?.installation);
    });

    test('is not given to a master database, but for main', async () => {
      await using opened = await openFormer(engine);
      const former = { cluster: 'main', installation: undefined };
      await assert.rejects(admit(opened, 'east', place(former)), { ...refused, message: /the master database/ });
      await admit(opened, 'main', place(former));
    });

    test('that a start wrote and did not note is taken', async () => {
      await using opened = await openFormer(engine);
      const [main, east] = [place(), place()];
      await admit(opened, 'main', main);
      east.mark = { cluster: 'east', installation: main.mark?.installation };
      await admit(opened, 'east', east);
      await assert.rejects(admit(opened, 'east', place()), refused);
    });

    test('that is taken away while it is given is asked for again', async () => {
      await using opened = await openFormer(engine);
      const { records, log } = opened.tenancy;
      const east = place();
      const { write } = east;
      const ask = admission({ records, log, names: ['main', 'east'], mainKind: 'embedded' }, 'east', east);
      east.write = async () => undefined;
      await assert.rejects(ask(), { code: 'storage_unavailable' });
      east.write = write;
      await ask();
      assert.equal(east.mark?.cluster, 'east');
    });

    test('that cannot be read is asked for again, and one that is wrong is not', async () => {
      await using opened = await openFormer(engine);
      const { records, log } = opened.tenancy;
      const answers = [() => Promise.reject(unavailable()), async () => undefined];
      const east = { ...place(), read: () => (answers.shift() ?? assert.fail)() };
      const ask = admission({ records, log, names: ['main', 'east'], mainKind: 'embedded' }, 'east', east);
      await assert.rejects(ask(), { code: 'storage_unavailable' });
      await ask();
      await ask();
      const wrong = place({ cluster: 'west', installation: 'another' });
      const asked = admission({ records, log, names: ['main', 'east'], mainKind: 'embedded' }, 'east', wrong);
      for (const _ of [1, 2]) await assert.rejects(asked(), refused);
    });
  });
}
