import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { plainClient } from '../mongodb/scratch.ts';
import { call, create, read, signIn, signUp } from './calls.ts';
import { mongodb } from './cut-ground.ts';
import { eventually } from './eventually.ts';
import { openServiceGround, type ServiceGround } from './ground.ts';
import { heldLease } from './held-lease.ts';
import { dataDirectory, runCommand } from './service.ts';

/** How long others leave to an instance what it holds, and a little more. */
const holdMilliseconds = 31_000;

/** The status of the one organization that is stored. */
async function storedStatus(ground: ServiceGround): Promise<string | undefined> {
  const { organizations } = await ground.inspect();
  return organizations.find(({ name }) => name === 'acme')?.status;
}

suite('processes of different roles on one database', { skip: mongodb.skip, timeout: 180_000 }, () => {
  test('together are one API, of which each has its part, and health and metrics of its own', async () => {
    await using ground = await openServiceGround(mongodb);
    const [auth, organizations, documents, worker] = await Promise.all(
      ['auth', 'organizations', 'documents', 'worker'].map((role) => ground.start({ ROLES: role })),
    );
    assert.ok(auth && organizations && documents && worker);
    assert.equal((await create(organizations.url, 'acme')).status, 201);
    const token = await signIn(auth.url, 'acme');
    const path = '/v1/organizations/acme/collections/default/documents';
    const written = await call(documents.url, ['POST', path], { body: { text: 'hello' }, token });
    assert.equal(written.status, 201);
    assert.equal((await call(organizations.url, ['GET', '/v1/organizations/acme/events'], { token })).status, 200);
    assert.equal((await read(documents.url, 'acme')).status, 404);
    assert.equal((await call(worker.url, ['POST', '/admin/login'], { body: signUp('acme') })).status, 404);
    for (const { url } of [auth, organizations, documents, worker]) {
      assert.equal((await fetch(`${url}/health/ready`)).status, 200);
      assert.match(await (await fetch(`${url}/metrics`)).text(), /^tenantry_request_seconds_count/m);
    }
    const [{ error }, { error: told }] = await Promise.all([auth.stop(), worker.stop()]);
    assert.match(error, /^ {2}API .*\n {2}Docs .*\n {2}Roles {5}auth\n/m);
    assert.match(told, /^ {2}Health {4}http:\S+\/health\/ready\n {2}Roles {5}worker\n/m);
  });

  test('are registered, each of them, and sign off; a worker alone has leases', async () => {
    await using ground = await openServiceGround(mongodb);
    const idle = await ground.start({ ROLES: 'api' });
    const instances = plainClient()
      .db(ground.settings['DATABASE_NAME'] ?? '')
      .collection('instances');
    const registered = async () => (await instances.find().toArray()).map(({ process }) => process);
    assert.equal((await registered()).length, 1);
    const worker = await ground.start({ ROLES: 'worker' });
    await eventually(async () => assert.equal(await heldLease(worker, 'rounds'), '1'));
    assert.equal(await heldLease(idle, 'rounds'), undefined);
    assert.equal(new Set(await registered()).size, 2);
    await idle.stop();
    assert.equal((await registered()).length, 1);
    await worker.stop();
    assert.deepEqual(await registered(), []);
  });

  test('what one left unfinished is finished by a worker, and by nobody else', async () => {
    await using ground = await openServiceGround(mongodb);
    const doomed = await ground.start({ ROLES: 'api', FAIL_POINT: 'create.committed' });
    await assert.rejects(create(doomed.url, 'acme'));
    assert.equal((await doomed.ended).signal, 'SIGKILL');
    await ground.passTime(holdMilliseconds);
    const idle = await ground.start({ ROLES: 'api' });
    // A sweep at its start would have begun before these, and its end is waited for.
    for (const name of ['globex', 'initech', 'umbrella']) assert.equal((await create(idle.url, name)).status, 201);
    assert.equal((await idle.stop()).code, 0);
    assert.equal(await storedStatus(ground), 'creating');
    await ground.start({ ROLES: 'worker' });
    await eventually(async () => assert.equal(await storedStatus(ground), 'active'));
  });
});

test('on the embedded store one process does everything: to leave something out is refused, with 78', async () => {
  await using directory = await dataDirectory();
  const { code, out, error } = await runCommand(['start'], directory.path, { ROLES: 'api' });
  assert.deepEqual({ code, out }, { code: 78, out: '' });
  assert.match(error, /TENANTRY_ROLES leaves out worker: must be api,worker where TENANTRY_DATABASE_URL is not set/);
});

test('a role that does not exist is refused with those that do, with 78', async () => {
  await using directory = await dataDirectory();
  const { code, error } = await runCommand(['start'], directory.path, { ROLES: 'web' });
  assert.equal(code, 78);
  assert.match(
    error,
    /TENANTRY_ROLES is "web" \(environment\): must be api, worker or api,worker; in the place of api/,
  );
});
