import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { call, create, read, remove, shown, signIn, signUp } from './calls.ts';
import { mongodb, openCutGround } from './cut-ground.ts';
import { eventually } from './eventually.ts';
import { openServiceGround } from './ground.ts';

/** How long others leave to an instance what it holds, and a little more. */
const holdMilliseconds = 31_000;

/** The status of a call that needs a live token, and changes nothing. */
async function useToken(url: string, name: string, token: string): Promise<number> {
  return (await call(url, ['PUT', '/org/update'], { body: { organization_name: name }, token })).status;
}

suite('instances on one database', { skip: mongodb.skip, timeout: 180_000 }, () => {
  test('a new password on one ends the tokens on every other at once, and the newest one lives', async () => {
    await using ground = await openServiceGround(mongodb);
    const [one, two] = await ground.startAll(2);
    assert.ok(one && two);
    await create(one.url, 'acme');
    const token = await signIn(two.url, 'acme');
    assert.equal(await useToken(two.url, 'acme', token), 200);
    const body = { organization_name: 'acme', password: 'another password' };
    assert.equal((await call(one.url, ['PUT', '/org/update'], { body, token })).status, 200);
    assert.equal(await useToken(two.url, 'acme', token), 401);
    const fresh = await signIn(one.url, 'acme', body.password);
    assert.equal(await useToken(two.url, 'acme', fresh), 200);
  });

  test('an organization that is deleted on one is gone on every other at once, with its tokens', async () => {
    await using ground = await openServiceGround(mongodb);
    const [one, two] = await ground.startAll(2);
    assert.ok(one && two);
    await create(one.url, 'acme');
    const token = await signIn(two.url, 'acme');
    assert.equal(await useToken(two.url, 'acme', token), 200);
    assert.equal((await remove(one.url, 'acme', token)).status, 200);
    assert.equal(await useToken(two.url, 'acme', token), 401);
    assert.equal((await read(two.url, 'acme')).status, 404);
    const { email, password } = signUp('acme');
    assert.equal((await call(two.url, ['POST', '/admin/login'], { body: { email, password } })).status, 401);
  });

  test('calls of documents go on for seconds at most by what another instance has changed since', async () => {
    await using ground = await openServiceGround(mongodb);
    const [one, two] = await ground.startAll(2);
    assert.ok(one && two);
    await create(one.url, 'acme');
    const token = await signIn(two.url, 'acme');
    const documents = (name: string, bearer: string, method = 'GET') =>
      call(two.url, [method, `/v1/organizations/${name}/collections/default/documents`], {
        token: bearer,
        ...(method === 'POST' && { body: {} }),
      });
    assert.equal((await documents('acme', token)).status, 200);
    // A new name is known at once, and the old one is at most remembered.
    const renaming = { organization_name: 'acme', new_organization_name: 'globex' };
    assert.equal((await call(one.url, ['PUT', '/org/update'], { body: renaming, token })).status, 200);
    assert.equal((await documents('globex', token)).status, 200);
    assert.equal((await documents('acme', token)).status, 404);
    const body = { organization_name: 'globex', password: 'another password' };
    assert.equal((await call(one.url, ['PUT', '/org/update'], { body, token })).status, 200);
    const changed = performance.now();
    const fresh = await signIn(one.url, 'acme', body.password);
    assert.equal((await documents('globex', fresh)).status, 200);
    assert.equal((await documents('globex', fresh, 'POST')).status, 201);
    await eventually(async () => assert.equal((await documents('globex', token)).status, 401));
    assert.ok(performance.now() - changed < 5_000);
    assert.equal((await remove(one.url, 'globex', fresh)).status, 200);
    const removed = performance.now();
    // The slots know at once.
    assert.notEqual((await documents('globex', fresh, 'POST')).status, 201);
    await eventually(async () => assert.equal((await documents('globex', fresh)).status, 401));
    assert.ok(performance.now() - removed < 5_000);
  });

  test('who had an organization that was deleted sees nothing of another that got its name and its collection', async () => {
    await using ground = await openServiceGround(mongodb);
    const [one, two] = await ground.startAll(2);
    assert.ok(one && two);
    const first = shown(await create(one.url, 'acme'));
    const token = await signIn(one.url, 'acme');
    const list = async (bearer: string) => {
      const path = '/v1/organizations/acme/collections/default/documents';
      return (await call(two.url, ['GET', path], { token: bearer })).status;
    };
    assert.equal(await list(token), 200);
    assert.equal((await remove(one.url, 'acme', token)).status, 200);
    const second = await create(one.url, 'acme');
    assert.deepEqual([second.status, shown(second).collection_name], [201, first.collection_name]);
    assert.equal(await list(token), 401);
    assert.equal(await list(await signIn(one.url, 'acme')), 200);
  });

  test('what an instance left unfinished when it was killed is finished by one that runs, in its next sweep', async () => {
    await using ground = await openServiceGround(mongodb);
    const running = await ground.start();
    await create(running.url, 'acme');
    const token = await signIn(running.url, 'acme');
    const creating = await ground.start({ FAIL_POINT: 'create.committed' });
    const deleting = await ground.start({ FAIL_POINT: 'delete.committed' });
    await assert.rejects(create(creating.url, 'globex'));
    await assert.rejects(remove(deleting.url, 'acme', token));
    await Promise.all([creating.ended, deleting.ended]);
    assert.deepEqual((await ground.inspect()).collections, ['org_acme']);
    await ground.passTime(holdMilliseconds);
    await eventually(async () => {
      const { organizations, collections } = await ground.inspect();
      const standing = organizations.map(({ status, collection_name }) => `${status} ${collection_name}`);
      // Of a deletion that changed hands the name of the collection stays reserved.
      assert.deepEqual([standing.sort(), collections], [['active org_globex', 'deleted org_acme'], ['org_globex']]);
    });
    const { out } = await running.stop();
    assert.doesNotMatch(out, /could not be finished/);
  });

  test('a creation that an instance fell asleep over is finished by another, and done when it wakes', async () => {
    await using cut = await openCutGround();
    const { ground, proxy, service } = cut;
    proxy.cutBefore('create', { always: true });
    const made = await create(service.url, 'acme');
    assert.equal(made.status, 201);
    service.process.kill('SIGSTOP');
    await ground.passTime(holdMilliseconds);
    const other = await ground.start();
    const { collection_name } = shown(made);
    await eventually(async () => {
      const { organizations, collections } = await ground.inspect();
      assert.deepEqual(
        organizations.map(({ status }) => status),
        ['active'],
      );
      assert.deepEqual(collections, [collection_name]);
    });
    proxy.mend();
    service.process.kill('SIGCONT');
    for (const { url } of [service, other]) {
      assert.equal(shown(await read(url, 'acme')).collection_name, collection_name);
      await signIn(url, 'acme');
    }
  });

  test('a drop that an instance fell asleep over hits no newcomer of the name', async () => {
    await using cut = await openCutGround();
    const { ground, proxy, service } = cut;
    const former = shown(await create(service.url, 'acme')).collection_name;
    const token = await signIn(service.url, 'acme');
    // The deletion is decided, and its drop does not arrive before its instance sleeps.
    const dropping = proxy.arrival('drop');
    proxy.cutBefore('drop', { always: true });
    assert.equal((await remove(service.url, 'acme', token)).status, 200);
    await dropping;
    service.process.kill('SIGSTOP');
    await ground.passTime(holdMilliseconds);
    const other = await ground.start();
    await eventually(async () => {
      const { organizations, collections } = await ground.inspect();
      assert.deepEqual([organizations.map(({ status }) => status), collections], [['deleted'], []]);
    });
    const newcomer = shown(await create(other.url, 'acme'));
    assert.notEqual(newcomer.collection_name, former);
    proxy.mend();
    service.process.kill('SIGCONT');
    assert.deepEqual((await read(service.url, 'acme')).body, newcomer);
    await service.stop();
    assert.deepEqual((await ground.inspect()).collections, [newcomer.collection_name]);
  });
});
