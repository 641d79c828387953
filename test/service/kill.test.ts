import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { failPoints } from '../../src/organizations/fail-points.ts';
import { commitPoints } from '../../src/store/commit-points.ts';
import { type Answer, call, create, read, remove, shown, signIn, signUp } from './calls.ts';
import { eventually } from './eventually.ts';
import { clusterEngines, openServiceGround, type ServiceEngine, type ServiceGround, serviceEngines } from './ground.ts';
import { runCommand } from './service.ts';

/** How long another leaves a creation or a deletion to who began it, and a little more. */
const holdMilliseconds = 31_000;

/** By when a process that died is found dead, and what it had open is ended, on a machine that has other things to do. */
const foundDeadMilliseconds = 30_000;

/** Until these points nothing is decided. */
const undecided = ['create.hashed', 'commit.begun', 'commit.written'];

type Act = (url: string, token: string) => Promise<Answer>;

/** The points that an operation passes on this engine, those within its commit included. */
function pointsOf({ instances }: ServiceEngine, operation: 'create' | 'update' | 'delete'): readonly string[] {
  const own = failPoints.filter((point) => point.startsWith(`${operation}.`));
  // What is written and undecided has a test of its own.
  return instances === 1 ? own : [...own, ...commitPoints.filter((point) => point !== 'commit.written')];
}

/** The organization that is there before a deletion or an update. */
const given = 'acme';

const change = { new_organization_name: 'Acme Two', password: 'another password', email: 'two@example.com' };

const createNew: Act = (url) => create(url, 'globex');
const updateGiven: Act = (url, token) =>
  call(url, ['PUT', '/org/update'], { body: { organization_name: given, ...change }, token });
const deleteGiven: Act = (url, token) => remove(url, given, token);

/** Has a process of its own do it, which is killed at the point. */
async function dieAt(ground: ServiceGround, point: string, act: (url: string) => Promise<Answer>): Promise<void> {
  const doomed = await ground.start({ FAIL_POINT: point });
  await assert.rejects(act(doomed.url), `the process is killed at ${point}`);
  assert.equal((await doomed.ended).signal, 'SIGKILL');
}

/** A process that has the service create `given`, and where it alone can have the data ends; with the token of its admin. */
async function prepare(ground: ServiceGround, { instances }: ServiceEngine): Promise<{ url: string; token: string }> {
  const { url, stop } = await ground.start();
  assert.equal((await create(url, given)).status, 201);
  const token = await signIn(url, given);
  if (instances === 1) await stop();
  return { url, token };
}

/**
 * Kills a process at the point, and gives the address of the one that is called next: where instances share the data, of
 * one that ran beside it all the time; else of one that is started when nobody holds any more what was begun.
 */
async function killAt(ground: ServiceGround, engine: ServiceEngine, point: string, act: Act): Promise<string> {
  const isTakenOver = point.endsWith('.taken-over');
  const { url, token } = await prepare(ground, engine);
  await dieAt(ground, isTakenOver ? point.replace('taken-over', 'committed') : point, (doomed) => act(doomed, token));
  if (isTakenOver) {
    await ground.passTime(holdMilliseconds);
    const second = await runCommand(['start'], ground.directory, { ...ground.settings, FAIL_POINT: point });
    assert.equal(second.signal, 'SIGKILL', 'the sweep of the start takes it over, and is killed too');
  }
  if (engine.instances > 1) return url;
  await ground.passTime(holdMilliseconds);
  return (await ground.start()).url;
}

/** What is unfinished is finished by a sweep: that of a new process, and where there can be no other, of the one that runs. */
async function finished(ground: ServiceGround, { instances }: ServiceEngine, names: readonly string[]): Promise<void> {
  if (instances > 1) {
    await ground.passTime(holdMilliseconds);
    await ground.start();
  }
  await eventually(async () => {
    const { organizations, users, collections } = await ground.inspect();
    const live = organizations.filter(({ status }) => status === 'active');
    assert.deepEqual(live.map(({ name }) => name).sort(), names);
    assert.deepEqual(collections, live.map(({ collection_name }) => collection_name).sort());
    assert.deepEqual(users.map(({ id }) => id).sort(), live.map(({ admin_user_id }) => admin_user_id).sort());
    // Of a deletion that changed hands the name of the collection stays reserved.
    assert.ok(organizations.every(({ status }) => status === 'active' || status === 'deleted'));
  });
}

async function assertUpdated(url: string): Promise<void> {
  assert.equal((await read(url, given)).status, 404);
  assert.equal(shown(await read(url, change.new_organization_name)).admin_email, change.email);
  const { email, password } = change;
  assert.equal((await call(url, ['POST', '/admin/login'], { body: { email, password } })).status, 200);
}

async function assertNotUpdated(url: string): Promise<void> {
  assert.equal((await read(url, change.new_organization_name)).status, 404);
  assert.equal(shown(await read(url, given)).admin_email, signUp(given).email);
  await signIn(url, given);
}

async function assertDeleted(url: string, name: string): Promise<void> {
  assert.equal((await read(url, name)).status, 404);
  const { email, password } = signUp(name);
  assert.equal((await call(url, ['POST', '/admin/login'], { body: { email, password } })).status, 401);
}

for (const engine of [...serviceEngines, ...clusterEngines]) {
  // Two at once: some wait until a process is found dead.
  suite(`a process that is killed, on ${engine.name}`, { skip: engine.skip, timeout: 600_000, concurrency: 2 }, () => {
    if (engine.instances > 1) {
      test('when all is written and nothing decided has done nothing, and holds up nobody for ever', async () => {
        await using ground = await openServiceGround(engine);
        const { url, token } = await prepare(ground, engine);
        await create(url, 'initech');
        const deletion = await signIn(url, 'initech');
        await dieAt(ground, 'commit.written', (doomed) => create(doomed, 'globex'));
        await dieAt(ground, 'commit.written', (doomed) => updateGiven(doomed, token));
        await dieAt(ground, 'commit.written', (doomed) => remove(doomed, 'initech', deletion));
        await assertDeleted(url, 'globex');
        await assertNotUpdated(url);
        await signIn(url, 'initech');
        // Till those who died are found dead, and their transactions ended, these get 503, which does not tell that nothing
        // was done: what counts is that it is done, by this call or by an earlier one.
        const died = performance.now();
        const again = (act: () => Promise<unknown>, isDone: () => Promise<unknown>) =>
          eventually(async () => {
            await act();
            await isDone();
          });
        await Promise.all([
          again(
            () => create(url, 'globex'),
            () => signIn(url, 'globex'),
          ),
          again(
            () => updateGiven(url, token),
            () => assertUpdated(url),
          ),
          again(
            () => remove(url, 'initech', deletion),
            () => assertDeleted(url, 'initech'),
          ),
        ]);
        assert.ok(performance.now() - died < foundDeadMilliseconds, 'long before the server would end them');
        await finished(ground, engine, [change.new_organization_name, 'globex']);
      });
    }

    for (const point of pointsOf(engine, 'create')) {
      test(`in a create at ${point} leaves the organization whole or not at all`, async () => {
        await using ground = await openServiceGround(engine);
        const url = await killAt(ground, engine, point, createNew);
        if (undecided.includes(point)) {
          await assertDeleted(url, 'globex');
          assert.equal((await create(url, 'globex')).status, 201);
        }
        await signIn(url, 'globex');
        assert.equal((await read(url, 'globex')).status, 200);
        await finished(ground, engine, [given, 'globex']);
      });
    }

    for (const point of pointsOf(engine, 'update')) {
      test(`in an update at ${point} has changed all of it or nothing`, async () => {
        await using ground = await openServiceGround(engine);
        const url = await killAt(ground, engine, point, updateGiven);
        await (undecided.includes(point) ? assertNotUpdated(url) : assertUpdated(url));
      });
    }

    for (const point of pointsOf(engine, 'delete')) {
      test(`in a deletion at ${point} has deleted all or nothing, and a new organization of its name is spared`, async () => {
        await using ground = await openServiceGround(engine);
        const url = await killAt(ground, engine, point, deleteGiven);
        if (undecided.includes(point)) {
          const token = await signIn(url, given);
          assert.equal((await deleteGiven(url, token)).status, 200);
        }
        await assertDeleted(url, given);
        assert.equal((await create(url, given)).status, 201);
        await finished(ground, engine, [given]);
        await signIn(url, given);
      });
    }
  });
}
