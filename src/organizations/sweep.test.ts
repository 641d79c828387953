import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines } from '../../test/engines.ts';
import { intercept, unavailable } from '../../test/intercept.ts';
import { byTest, openTenancy, type TestTenancy } from '../../test/tenancy.ts';
import { createOrganization } from './create.ts';
import { organizations } from './organization.ts';
import { keepSweeping, sweep } from './sweep.ts';

/** Creates organizations of which no collection could be made. */
async function createHalf({ tenancy }: TestTenancy, names: readonly string[]): Promise<void> {
  const documents = intercept(tenancy.documents, 'makeCollection', () => Promise.reject(unavailable()));
  const create = (organization_name: string) => {
    const email = `${organization_name.replace(' ', '-')}@example.com`;
    return createOrganization(
      { ...tenancy, documents },
      { organization_name, email, password: 'correct horse' },
      byTest,
    );
  };
  await Promise.all(names.map(create));
}

async function unfinished({ tenancy }: TestTenancy): Promise<string[]> {
  const found = await tenancy.records.list(organizations, 'status', { prefix: 'creating', limit: 1_000 });
  return found.map(({ name }) => name).sort();
}

const start = () => ({ signal: new AbortController().signal, sparesRecent: false });

for (const engine of engines) {
  describe(`sweeping on the ${engine.name} engine`, () => {
    test('one that cannot be finished does not keep the others from it', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      await createHalf(opened, ['Acme', 'Globex', 'Initech']);
      const documents = intercept(tenancy.documents, 'makeCollection', (forward, { collection_name }) =>
        collection_name === 'org_globex' ? Promise.reject(unavailable()) : forward(),
      );
      await sweep({ ...tenancy, documents }, start());
      assert.deepEqual(await unfinished(opened), ['Globex']);
      assert.equal(opened.logged.at(-1)?.message, 'an unfinished operation could not be finished');
      await sweep(tenancy, start());
      assert.deepEqual(await unfinished(opened), []);
    });

    test('more than one page is finished', async () => {
      await using opened = await openTenancy({ engine });
      await createHalf(
        opened,
        Array.from({ length: 230 }, (_, number) => `Team ${number}`),
      );
      await sweep(opened.tenancy, start());
      assert.deepEqual(await unfinished(opened), []);
      assert.equal((await opened.left()).collections.length, 230);
    });

    test('a later sweep leaves a creation of the last five seconds to who began it', async () => {
      await using opened = await openTenancy({ engine });
      await createHalf(opened, ['Acme']);
      opened.clock.pass(4_999);
      await sweep(opened.tenancy, { ...start(), sparesRecent: true });
      assert.deepEqual(await unfinished(opened), ['Acme']);
      opened.clock.pass(1);
      await sweep(opened.tenancy, { ...start(), sparesRecent: true });
      assert.deepEqual(await unfinished(opened), []);
    });

    test('what is finished is not touched', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      await createOrganization(
        tenancy,
        {
          organization_name: 'Acme',
          email: 'ada@example.com',
          password: 'correct horse',
        },
        byTest,
      );
      const records = intercept(tenancy.records, 'commit', () => Promise.reject(new Error('nothing is to be written')));
      await sweep({ ...tenancy, records }, start());
      assert.deepEqual(opened.logged, []);
    });

    test('a sweep ends at its signal, after what it is finishing', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      await createHalf(opened, ['Acme', 'Globex']);
      const stop = new AbortController();
      const documents = intercept(tenancy.documents, 'makeCollection', (forward) => {
        stop.abort();
        return forward();
      });
      await sweep({ ...tenancy, documents }, { signal: stop.signal, sparesRecent: false });
      assert.equal((await unfinished(opened)).length, 1);
    });

    test('sweeping goes on every thirty seconds, begins at once, and ends at its signal', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy, clock } = opened;
      await createHalf(opened, ['Acme']);
      const stop = new AbortController();
      const sweeping = keepSweeping(tenancy, { signal: stop.signal, rounds: [], isShared: false, onRound: () => {} });
      await clock.whenWaiting();
      assert.deepEqual(await unfinished(opened), []);
      await createHalf(opened, ['Globex']);
      clock.pass(29_999);
      await new Promise(setImmediate);
      assert.deepEqual(await unfinished(opened), ['Globex']);
      assert.equal(clock.waiting, 1);
      await createHalf(opened, ['Initech']);
      clock.pass(1);
      await clock.whenWaiting();
      // From the second sweep on, a creation may be this process's own.
      assert.deepEqual(await unfinished(opened), ['Initech']);
      stop.abort();
      await sweeping;
      assert.equal(clock.waiting, 0);
    });

    test('a sweep that cannot read is logged, and the next one sweeps', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy, clock } = opened;
      await createHalf(opened, ['Acme']);
      let fails = true;
      const records = intercept(tenancy.records, 'list', (forward) =>
        fails ? Promise.reject(unavailable()) : forward(),
      );
      const stop = new AbortController();
      const sweeping = keepSweeping(
        { ...tenancy, records },
        { signal: stop.signal, rounds: [], isShared: false, onRound: () => {} },
      );
      await clock.whenWaiting();
      assert.equal(opened.logged.at(-1)?.message, 'a sweep failed; the next one tries again');
      fails = false;
      clock.pass(30_000);
      await clock.whenWaiting();
      assert.deepEqual(await unfinished(opened), []);
      stop.abort();
      await sweeping;
    });
  });
}
