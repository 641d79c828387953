import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines } from '../../test/engines.ts';
import { closedGate, intercept, unavailable } from '../../test/intercept.ts';
import { soon } from '../../test/soon.ts';
import { byTest, openTenancy, signUp, type TestTenancy } from '../../test/tenancy.ts';
import { deleteOrganization } from './delete.ts';
import type { FailPoint } from './fail-points.ts';
import { type Organization, organizations } from './organization.ts';
import { sweep } from './sweep.ts';
import type { Tenancy } from './tenancy.ts';

const day = 24 * 60 * 60 * 1_000;
const nothing = { organizations: 0, users: 0, collections: [] };

function sweepAll(tenancy: Tenancy): Promise<void> {
  return sweep(tenancy, { signal: new AbortController().signal, sparesRecent: false });
}

/** The same tenancy, in which a drop goes on to the store only when the gate opens; `ended` resolves when all was tried. */
function slowDropping(tenancy: Tenancy) {
  const gate = closedGate();
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const documents = intercept(tenancy.documents, 'dropCollection', async (forward) => {
    await gate.pass();
    return forward();
  });
  const reach = (point: FailPoint) => point === 'delete.settled' && resolve();
  return { gate, ended, slow: { ...tenancy, instance: 'slow', documents, reach } };
}

/** Deletes `Acme` with a drop that is done, and whose answer is lost, or that is not done at all. */
async function deleteHalf({ tenancy }: TestTenancy, drop: 'done' | 'not done'): Promise<void> {
  const { caller } = await signUp(tenancy, 'Acme');
  const documents = intercept(tenancy.documents, 'dropCollection', async (forward) => {
    if (drop === 'done') await forward();
    throw unavailable();
  });
  const deleted = await deleteOrganization({ ...tenancy, documents }, caller, 'Acme', byTest);
  assert.deepEqual(deleted, { name: 'Acme', collection_name: 'org_acme', erased: undefined });
}

/** The same tenancy, as where others remember for a second, telling how long a deletion waits for them: in no time. */
function remembered(tenancy: Tenancy) {
  const waits: number[] = [];
  const wait: Tenancy['wait'] = async (milliseconds, signal) => {
    // A command's end is waited for longer than that.
    if (milliseconds > 2_000) return await tenancy.wait(milliseconds, signal);
    waits.push(milliseconds);
  };
  return { waits, remembering: { ...tenancy, recent: { ...tenancy.recent, milliseconds: 1_000 }, wait } };
}

/** The organizations of which a deletion is unfinished. */
function unfinished({ records }: Tenancy): Promise<Organization[]> {
  return records.list(organizations, 'status', { prefix: 'delet', limit: 10 });
}

async function statusNow(tenancy: Tenancy): Promise<string | undefined> {
  const [organization] = await unfinished(tenancy);
  return organization?.status;
}

for (const engine of engines) {
  describe(`finishing deletions on the ${engine.name} engine`, () => {
    test('a deletion that is unfinished is over for its users: name and email are free, the collection is not', async () => {
      await using opened = await openTenancy({ engine });
      await deleteHalf(opened, 'not done');
      const { view } = await signUp(opened.tenancy, 'Acme');
      assert.match(view.collection_name, /^org_acme_/);
    });

    test('a deletion that was begun under a clock a year ahead is finished all the same', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy, clock } = opened;
      const ahead = { ...tenancy, now: () => new Date(clock.now() + 365 * day) };
      await deleteHalf({ ...opened, tenancy: ahead }, 'not done');
      await sweepAll(tenancy);
      assert.equal(await statusNow(tenancy), 'deleted');
      clock.pass(day);
      await sweepAll(tenancy);
      assert.deepEqual(await opened.left(), nothing);
    });

    test('it is taken over when its holder had thirty seconds, and not before', async () => {
      await using opened = await openTenancy({ engine });
      await deleteHalf(opened, 'not done');
      opened.clock.pass(29_999);
      await sweepAll({ ...opened.tenancy, instance: 'other' });
      assert.deepEqual((await opened.left()).collections, ['org_acme']);
      opened.clock.pass(1);
      await sweepAll({ ...opened.tenancy, instance: 'other' });
      assert.deepEqual((await opened.left()).collections, []);
      const [{ status, deletion } = {}] = await unfinished(opened.tenancy);
      assert.equal(status, 'deleted');
      assert.deepEqual(deletion, {
        owner: 'other',
        until: new Date(opened.clock.now() + day).toISOString(),
        uncertain: true,
      });
    });

    for (const drop of ['done', 'not done'] as const) {
      test(`a drop that was ${drop} and not answered keeps the collection's name for a day`, async () => {
        await using opened = await openTenancy({ engine });
        await deleteHalf(opened, drop);
        await opened.restart();
        opened.clock.pass(30_000);
        await sweepAll(opened.tenancy);
        opened.clock.pass(day - 1);
        await sweepAll(opened.tenancy);
        assert.equal(await statusNow(opened.tenancy), 'deleted');
        const early = await signUp(opened.tenancy, 'Acme', 'early@example.com');
        assert.match(early.view.collection_name, /^org_acme_/);
        await deleteOrganization(opened.tenancy, early.caller, 'Acme', byTest);
        opened.clock.pass(1);
        await sweepAll(opened.tenancy);
        assert.deepEqual(await opened.left(), nothing);
        assert.equal((await signUp(opened.tenancy, 'Acme')).view.collection_name, 'org_acme');
      });
    }

    test('it keeps the name of the collection until what others remember is over; one that is taken over does not', async () => {
      await using opened = await openTenancy({ engine });
      const { remembering, waits } = remembered(opened.tenancy);
      const { caller } = await signUp(opened.tenancy, 'Globex');
      await deleteOrganization(remembering, caller, 'Globex', byTest);
      assert.equal(waits.length, 1);
      assert.ok(waits.every((milliseconds) => milliseconds > 0 && milliseconds <= 2_000));
      await deleteHalf(opened, 'not done');
      for (const milliseconds of [30_000, day]) {
        opened.clock.pass(milliseconds);
        await sweepAll(remembering);
      }
      assert.deepEqual([await opened.left(), waits.length], [nothing, 1]);
    });

    test('a record whose removal was not answered is removed a day later', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy, clock } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      const records = intercept(tenancy.records, 'commit', (forward, [first]) =>
        first?.op === 'remove' ? Promise.reject(unavailable()) : forward(),
      );
      await deleteOrganization({ ...tenancy, records }, caller, 'Acme', byTest);
      assert.equal(await statusNow(tenancy), 'deleting');
      clock.pass(30_000);
      await sweepAll(tenancy);
      clock.pass(day);
      await sweepAll(tenancy);
      assert.deepEqual(await opened.left(), nothing);
    });

    test('a drop that never ends holds the answer up to the time limit and no longer', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy, clock } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      const documents = intercept(tenancy.documents, 'dropCollection', () => new Promise(() => {}));
      const deleting = deleteOrganization({ ...tenancy, documents }, caller, 'Acme', byTest);
      await clock.whenWaiting();
      clock.pass(5_000);
      assert.equal((await deleting).name, 'Acme');
    });
  });

  describe(`drops that are late on the ${engine.name} engine`, () => {
    test('one of a holder that slept through a take-over hits no newcomer', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy, clock } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      const { gate, ended, slow } = slowDropping(tenancy);
      const deleting = deleteOrganization(slow, caller, 'Acme', byTest);
      await gate.reached();
      clock.pass(30_000);
      await deleting;
      await sweepAll(tenancy);
      const newcomer = await signUp(tenancy, 'Acme');
      gate.open();
      await soon(ended, 'the end of what was late');
      assert.deepEqual((await opened.left()).collections, [newcomer.view.collection_name]);
      assert.equal(await statusNow(tenancy), 'deleted');
    });

    test('a holder that wakes up after its time does not drop', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy, clock } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      const documents = intercept(tenancy.documents, 'dropCollection', () =>
        Promise.reject(new Error('nothing is to be dropped')),
      );
      const asleep = {
        ...tenancy,
        documents,
        reach: (point: string) => point === 'delete.committed' && clock.pass(30_000),
      };
      await deleteOrganization(asleep, caller, 'Acme', byTest);
      assert.deepEqual(opened.logged, []);
      assert.deepEqual((await opened.left()).collections, ['org_acme']);
    });

    test('of two that take a deletion over at once one drops', async () => {
      await using opened = await openTenancy({ engine });
      await deleteHalf(opened, 'not done');
      opened.clock.pass(30_000);
      let drops = 0;
      const documents = intercept(opened.tenancy.documents, 'dropCollection', (forward) => {
        drops += 1;
        return forward();
      });
      const instances = ['one', 'two', 'three'].map((instance) => ({ ...opened.tenancy, documents, instance }));
      await Promise.all(instances.map(sweepAll));
      assert.equal(drops, 1);
    });

    test('the last drop of a reservation hits no newcomer either, however late it comes', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy, clock } = opened;
      await deleteHalf(opened, 'not done');
      clock.pass(30_000);
      await sweepAll(tenancy);
      clock.pass(day);
      const { gate, slow } = slowDropping(tenancy);
      const asleep = sweepAll(slow);
      await gate.reached();
      await sweepAll(tenancy);
      clock.pass(30_000);
      await sweepAll(tenancy);
      const newcomer = await signUp(tenancy, 'Acme');
      assert.match(newcomer.view.collection_name, /^org_acme_/);
      gate.open();
      await asleep;
      assert.deepEqual((await opened.left()).collections, [newcomer.view.collection_name]);
      clock.pass(day);
      await sweepAll(tenancy);
      assert.deepEqual((await opened.left()).organizations, 1);
    });

    test('two that end a reservation at once do not both drop', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy, clock } = opened;
      await deleteHalf(opened, 'not done');
      clock.pass(30_000);
      await sweepAll(tenancy);
      clock.pass(day);
      let drops = 0;
      const documents = intercept(tenancy.documents, 'dropCollection', (forward) => {
        drops += 1;
        return forward();
      });
      await Promise.all([sweepAll({ ...tenancy, documents }), sweepAll({ ...tenancy, documents, instance: 'other' })]);
      assert.equal(drops, 1);
      assert.deepEqual(await opened.left(), nothing);
    });
  });
}
