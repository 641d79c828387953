import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { call, create, signIn, signUp } from './calls.ts';
import { inspect } from './inspect.ts';
import { dataDirectory, startService } from './service.ts';

/** Spellings of one name: case and white space. */
const spellings = ['Acme Corp', 'acme corp', 'ACME  CORP', ' Acme\u00a0Corp ', 'aCME cORP\u2003', 'Ａcme Corp'];

/** The number of each status, the most frequent first. */
function tally(statuses: readonly number[]): string {
  const counted = Map.groupBy(statuses, (status) => status);
  return [...counted]
    .map(([status, all]) => `${status}: ${all.length}`)
    .sort()
    .join(', ');
}

suite('races over HTTP', { timeout: 180_000 }, () => {
  test('of 1,000 creates of one name at once one wins, and the losers leave nothing', async () => {
    await using directory = await dataDirectory();
    const service = await startService(directory.path);
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, number) =>
        call(service.url, ['POST', '/org/create'], {
          body: {
            organization_name: spellings[number % spellings.length],
            email: `user${number}@example.com`,
            password: 'correct horse',
          },
        }),
      ),
    );
    assert.equal(tally(answers.map(({ status }) => status)), '201: 1, 400: 999');
    await service.stop();
    const left = await inspect(directory.path);
    assert.equal(left.organizations.length, 1);
    assert.equal(left.users.length, 1);
    assert.deepEqual(left.tables, [left.organizations[0]?.collection_name]);
  });

  test('of 100 creates with one email at once one wins', async () => {
    await using directory = await dataDirectory();
    const service = await startService(directory.path);
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, number) =>
        call(service.url, ['POST', '/org/create'], {
          body: {
            ...signUp(`organization ${number}`),
            email: number % 2 === 0 ? 'one@example.com' : 'ONE@Example.com',
          },
        }),
      ),
    );
    assert.equal(tally(answers.map(({ status }) => status)), '201: 1, 400: 99');
    await service.stop();
    const left = await inspect(directory.path);
    assert.deepEqual([left.organizations.length, left.users.length, left.tables.length], [1, 1, 1]);
  });

  test('of 50 admins that rename to one name at once one wins', async () => {
    await using directory = await dataDirectory();
    const service = await startService(directory.path);
    const names = Array.from({ length: 50 }, (_, number) => `organization ${number}`);
    await Promise.all(names.map((name) => create(service.url, name)));
    const tokens = await Promise.all(names.map((name) => signIn(service.url, name)));
    const answers = await Promise.all(
      names.map((name, place) =>
        call(service.url, ['PUT', '/org/update'], {
          body: { organization_name: name, new_organization_name: spellings[place % spellings.length] },
          token: tokens[place] ?? '',
        }),
      ),
    );
    assert.equal(tally(answers.map(({ status }) => status)), '200: 1, 400: 49');
    await service.stop();
  });

  test('a deletion that is asked for 50 times at once is done once, and others are told it is gone', async () => {
    await using directory = await dataDirectory();
    const service = await startService(directory.path);
    await create(service.url, 'acme');
    const token = await signIn(service.url, 'acme');
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => call(service.url, ['DELETE', '/org/delete?organization_name=acme'], { token })),
    );
    const statuses = answers.map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 200).length, 1, tally(statuses));
    assert.ok(
      statuses.every((status) => [200, 401, 404].includes(status)),
      tally(statuses),
    );
    await service.stop();
    assert.deepEqual(await inspect(directory.path), { organizations: [], users: [], tables: [] });
  });
});
