import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { failPoints } from '../../src/organizations/fail-points.ts';
import { call, create, read, remove, shown, signIn, signUp } from './calls.ts';
import { inspect } from './inspect.ts';
import { journal } from './journal.ts';
import { dataDirectory, type GivenSettings, startService } from './service.ts';

/** What each call leaves when its process is killed at a fail-point: as if it had not come, or as if it had. */
async function killAt(directory: string, point: string, act: (url: string, token: string) => Promise<unknown>) {
  const ground = await startService(directory);
  await create(ground.url, 'acme');
  const token = await signIn(ground.url, 'acme');
  await ground.stop();
  const service = await startService(directory, { FAIL_POINT: point });
  await assert.rejects(act(service.url, token), `the process is killed at ${point}`);
  assert.equal((await service.ended).signal, 'SIGKILL');
}

const after = failPoints.filter((point) => !point.endsWith('taken-over'));

suite('a process that is killed', { timeout: 300_000 }, () => {
  for (const point of after.filter((name) => name.startsWith('create.'))) {
    test(`at ${point} leaves an organization whole or not at all`, async () => {
      await using directory = await dataDirectory();
      await killAt(directory.path, point, (url) => create(url, 'globex'));
      const service = await startService(directory.path);
      const decided = point !== 'create.hashed';
      assert.equal((await read(service.url, 'globex')).status, decided ? 200 : 404);
      if (decided) await signIn(service.url, 'globex');
      else assert.equal((await create(service.url, 'globex')).status, 201);
      const view = shown(await read(service.url, 'globex'));
      await service.stop();
      const { organizations, tables } = await inspect(directory.path);
      assert.ok(tables.includes(view.collection_name), 'the sweep of the start has finished it');
      assert.ok(organizations.every(({ status }) => status === 'active'));
    });
  }

  test('at update.committed has changed all of it', async () => {
    await using directory = await dataDirectory();
    const change = { new_organization_name: 'Acme Two', password: 'another password', email: 'two@example.com' };
    await killAt(directory.path, 'update.committed', (url, token) =>
      call(url, ['PUT', '/org/update'], { body: { organization_name: 'acme', ...change }, token }),
    );
    const service = await startService(directory.path);
    const answer = await read(service.url, 'acme two');
    assert.equal(shown(answer).admin_email, change.email);
    const { email, password } = change;
    assert.equal((await call(service.url, ['POST', '/admin/login'], { body: { email, password } })).status, 200);
    assert.equal((await read(service.url, 'acme')).status, 404);
    await service.stop();
  });

  for (const point of after.filter((name) => name.startsWith('delete.'))) {
    test(`at ${point} has deleted the organization, and a new one of its name sees nothing of it`, async () => {
      await using directory = await dataDirectory();
      await killAt(directory.path, point, (url, token) => remove(url, 'acme', token));
      const service = await startService(directory.path);
      assert.equal((await read(service.url, 'acme')).status, 404);
      const { email, password } = signUp('acme');
      assert.equal((await call(service.url, ['POST', '/admin/login'], { body: { email, password } })).status, 401);
      const made = await create(service.url, 'acme');
      assert.equal(made.status, 201);
      await service.stop();
      const { organizations } = await inspect(directory.path);
      const live = organizations.filter(({ status }) => status === 'active');
      assert.deepEqual(
        live.map(({ collection_name }) => collection_name),
        [shown(made).collection_name],
      );
      const reserved = organizations.filter(({ status }) => status !== 'active');
      assert.ok(reserved.every(({ collection_name }) => collection_name !== shown(made).collection_name));
    });
  }

  test('again and again under load has lost nothing that was acknowledged, and left no half', async () => {
    await using directory = await dataDirectory();
    const rounds = Number(process.env['TEST_ROUNDS'] ?? 8);
    const settings: GivenSettings = {};
    const acknowledged = journal();
    for (let round = 0; round < rounds; round += 1) {
      const service = await startService(directory.path, settings);
      await acknowledged.verify(service.url);
      const killed = acknowledged.load(service.url, { round, until: 40 + round * 7 });
      await killed.enough;
      await service.stop('SIGKILL');
      await killed.over;
    }
    const service = await startService(directory.path, settings);
    await acknowledged.verify(service.url);
    await service.stop();
    const { organizations, users, tables } = await inspect(directory.path);
    const live = organizations.filter(({ status }) => status === 'active');
    assert.deepEqual(
      live.map(({ admin_user_id }) => admin_user_id).sort(),
      users.map(({ id }) => id).sort(),
      'each organization has its admin, and no admin is left of one that is gone',
    );
    for (const { collection_name } of live) assert.ok(tables.includes(collection_name), collection_name);
  });
});
