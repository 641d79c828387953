import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines } from '../../test/engines.ts';
import { closedGate, intercept, unavailable } from '../../test/intercept.ts';
import { soon } from '../../test/soon.ts';
import { byTest, openTenancy, signIn, type TestTenancy } from '../../test/tenancy.ts';
import { createOrganization } from './create.ts';
import { deleteOrganization } from './delete.ts';
import type { FailPoint } from './fail-points.ts';
import { finishCreation } from './finish-creation.ts';
import { type Organization, organizations } from './organization.ts';
import { sweep } from './sweep.ts';
import type { Tenancy } from './tenancy.ts';

const acme = { organization_name: 'Acme', email: 'ada@example.com', password: 'correct horse' };
const day = 24 * 60 * 60 * 1_000;

function sweepAll(tenancy: Tenancy): Promise<void> {
  return sweep(tenancy, { signal: new AbortController().signal, sparesRecent: false });
}

/** The same tenancy, in which collections are made only when the gate opens; `ended` resolves when one was finished. */
function slowMaking(tenancy: Tenancy) {
  const gate = closedGate();
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const documents = intercept(tenancy.documents, 'makeCollection', async (forward) => {
    await gate.pass();
    return forward();
  });
  const reach = (point: FailPoint) => point === 'create.active' && resolve();
  return { gate, ended, slow: { ...tenancy, documents, reach } };
}

async function organizationNow({ records }: Tenancy): Promise<Organization | undefined> {
  const [organization] = await records.list(organizations, 'name_key', { limit: 1 });
  return organization;
}

/** An organization that is decided, and whose collection could not be made. */
async function createHalf({ tenancy }: TestTenancy): Promise<Organization> {
  const documents = intercept(tenancy.documents, 'makeCollection', () => Promise.reject(unavailable()));
  await createOrganization({ ...tenancy, documents }, acme, byTest);
  const organization = await organizationNow(tenancy);
  assert.equal(organization?.status, 'creating');
  return organization;
}

async function deleteAcme(tenancy: Tenancy): Promise<void> {
  const { caller } = await signIn(tenancy, acme.email, acme.password);
  await deleteOrganization(tenancy, caller, 'Acme', byTest);
}

/** Signs up under the name again, and checks that it has a collection that only it can have. */
async function createNewcomer(tenancy: Tenancy): Promise<string> {
  const { collection_name } = await createOrganization(tenancy, acme, byTest);
  assert.match(collection_name, /^org_acme_[0-9a-z]{8}$/);
  return collection_name;
}

/** Lets the reservation end, and checks that nothing but the newcomer is left. */
async function forgetOld(opened: TestTenancy, newcomer: string): Promise<void> {
  opened.clock.pass(day);
  await sweepAll(opened.tenancy);
  assert.deepEqual(await opened.left(), { organizations: 1, users: 1, collections: [newcomer] });
}

for (const engine of engines) {
  describe(`finishing creations on the ${engine.name} engine`, () => {
    test('an organization whose creation is unfinished is found by every call', async () => {
      await using opened = await openTenancy({ engine });
      await createHalf(opened);
      await signIn(opened.tenancy, acme.email, acme.password);
    });

    test('a sweep finishes it, also after a restart', async () => {
      await using opened = await openTenancy({ engine });
      await createHalf(opened);
      await opened.restart();
      assert.deepEqual((await opened.left()).collections, []);
      await sweepAll(opened.tenancy);
      assert.equal((await organizationNow(opened.tenancy))?.status, 'active');
      assert.deepEqual((await opened.left()).collections, ['org_acme']);
    });

    test('a creation of which only the last step is missing is finished', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      let commits = 0;
      const records = intercept(tenancy.records, 'commit', (forward) => {
        commits += 1;
        return commits === 1 ? forward() : Promise.reject(unavailable());
      });
      await createOrganization({ ...tenancy, records }, acme, byTest);
      assert.equal((await organizationNow(tenancy))?.status, 'creating');
      await sweepAll(tenancy);
      assert.equal((await organizationNow(tenancy))?.status, 'active');
    });

    test('it may run many times and at once, and after it has ended', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const organization = await createHalf(opened);
      await Promise.all([
        sweepAll(tenancy),
        sweepAll({ ...tenancy, instance: 'other' }),
        finishCreation(tenancy, organization),
      ]);
      await finishCreation(tenancy, organization);
      const finished = await organizationNow(tenancy);
      assert.equal(finished?.status, 'active');
      assert.equal(finished?.creation_taken_over, true);
      assert.deepEqual((await opened.left()).collections, ['org_acme']);
    });

    test('what was finished by who began it is deleted without a trace', async () => {
      await using opened = await openTenancy({ engine });
      await createOrganization(opened.tenancy, acme, byTest);
      await deleteAcme(opened.tenancy);
      assert.deepEqual(await opened.left(), { organizations: 0, users: 0, collections: [] });
      assert.equal((await createOrganization(opened.tenancy, acme, byTest)).collection_name, 'org_acme');
    });
  });

  describe(`collections that are made late on the ${engine.name} engine`, () => {
    test('one that who began it makes after the deletion is dropped, and no newcomer has its name', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { gate, slow } = slowMaking(tenancy);
      const creating = createOrganization(slow, acme, byTest);
      await gate.reached();
      await deleteAcme(tenancy);
      const newcomer = await createNewcomer(tenancy);
      gate.open();
      await creating;
      assert.deepEqual((await opened.left()).collections, ['org_acme', newcomer]);
      await forgetOld(opened, newcomer);
    });

    test('one that a sweep makes after another finished the creation and a deletion ended', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      await createHalf(opened);
      const { gate, slow } = slowMaking(tenancy);
      const asleep = sweepAll(slow);
      await gate.reached();
      await sweepAll(tenancy);
      assert.equal((await organizationNow(tenancy))?.status, 'active');
      await deleteAcme(tenancy);
      const newcomer = await createNewcomer(tenancy);
      gate.open();
      await asleep;
      assert.deepEqual((await opened.left()).collections, ['org_acme', newcomer]);
      await forgetOld(opened, newcomer);
    });

    test('one that who began it makes after a sweep finished the creation and a deletion ended', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy, clock } = opened;
      const { gate, ended, slow } = slowMaking(tenancy);
      const creating = createOrganization(slow, acme, byTest);
      await gate.reached();
      clock.pass(5_000);
      await creating;
      await sweepAll(tenancy);
      assert.equal((await organizationNow(tenancy))?.status, 'active');
      await deleteAcme(tenancy);
      const newcomer = await createNewcomer(tenancy);
      gate.open();
      await soon(ended, 'the end of what was late');
      assert.deepEqual((await opened.left()).collections, ['org_acme', newcomer]);
      await forgetOld(opened, newcomer);
    });

    test('a sweep that wakes up when the deletion has begun makes nothing', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      await createHalf(opened);
      const gate = closedGate();
      const records = intercept(tenancy.records, 'get', async (forward) => {
        await gate.pass();
        return forward();
      });
      const documents = intercept(tenancy.documents, 'makeCollection', () =>
        Promise.reject(new Error('nothing is to be made')),
      );
      const asleep = sweepAll({ ...tenancy, records, documents });
      await gate.reached();
      await deleteAcme(tenancy);
      gate.open();
      await asleep;
      assert.deepEqual(
        opened.logged.filter(({ message }) => message === 'an unfinished operation could not be finished'),
        [],
      );
      assert.deepEqual((await opened.left()).collections, []);
    });
  });
}
