import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { failPoints } from '../../src/organizations/fail-points.ts';
import type { Organization } from '../../src/organizations/organization.ts';
import { commitPoints } from '../../src/store/commit-points.ts';
import { plainClient } from '../mongodb/scratch.ts';
import { type Answer, call } from './calls.ts';
import { eventually } from './eventually.ts';
import { clusterEngines, openServiceGround, type ServiceEngine, type ServiceGround, serviceEngines } from './ground.ts';
import { assertCounted } from './recount.ts';
import { runCommand } from './service.ts';

/** How long another leaves a deletion to who began it, and a little more. */
const holdMilliseconds = 31_000;

const day = 24 * 60 * 60 * 1_000;

const token = 'o'.repeat(32);
const levels = ['pooled', 'collection', 'database'] as const;
type Level = (typeof levels)[number] | 'cluster';

const stages: readonly { readonly engine: ServiceEngine; readonly levels: readonly Level[] }[] = [
  ...serviceEngines.map((engine) => ({ engine, levels })),
  ...clusterEngines.map((engine) => ({ engine, levels: ['cluster'] as const })),
];

/** More than one slice of an erasing. */
const many = 600;

/** Makes a call as the operator. */
function ask(url: string, method: string, path: string, body?: object): Promise<Answer> {
  return call(url, [method, `/v1/organizations${path}`], { token, ...(body && { body }) });
}

/** Stores a document, as a call that may be made again. */
async function insertOnce(url: string): Promise<Response> {
  return await fetch(`${url}/v1/organizations/acme/collections/default/documents`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': 'once' },
    body: '{"name":"acme"}',
  });
}

/** As soon as what another process has written and not decided is in nobody's way any more. */
async function insertOnceFree(url: string): Promise<Response> {
  return await eventually(async () => {
    const answer = await insertOnce(url);
    assert.notEqual(answer.status, 503);
    return answer;
  });
}

/** An organization with documents in `default` and in `todos`. */
async function fill(url: string, name: string, level: Level): Promise<void> {
  const admin = { email: `${name}@example.com`, password: 'correct horse' };
  assert.equal((await ask(url, 'POST', '', { name, admin, placement: { level } })).status, 201);
  assert.equal((await ask(url, 'POST', `/${name}/collections`, { name: 'todos' })).status, 201);
  for (const collection of ['default', 'todos']) {
    const operations = Array.from({ length: many }, (_, n) => ({ op: 'insert', id: `d${n}`, document: { name, n } }));
    const batch = await ask(url, 'POST', `/${name}/collections/${collection}/documents/batch`, { operations });
    assert.equal(batch.status, 200, JSON.stringify(batch.body));
  }
}

/** Documents of a collection, counted one by one; undefined where it is not found. */
async function counted(url: string, name: string, collection: string): Promise<number | undefined> {
  const answer = await ask(url, 'GET', `/${name}/collections/${collection}/documents?limit=1000`);
  if (answer.status === 404) return undefined;
  const { data } = answer.body as { data: readonly { readonly name: string }[] };
  assert.ok(data.every((document) => document.name === name));
  return data.length;
}

async function usage(url: string, name: string): Promise<{ documents: number; collections: number }> {
  const { documents, collections } = (await ask(url, 'GET', `/${name}/usage`)).body as Record<string, number>;
  return { documents: documents ?? -1, collections: collections ?? -1 };
}

interface Killed {
  readonly ground: ServiceGround;
  readonly point: string;
}

/**
 * Kills a process at the point while it does something. A takeover is killed too, after the one that it takes over from.
 *
 * @returns the address of one that runs now
 */
async function killAt({ ground, point }: Killed, act: (url: string) => Promise<unknown>): Promise<string> {
  const first = point.replace('delete.taken-over', 'delete.committed').replace('taken-over', 'deleting');
  const doomed = await ground.start({ OPERATOR_TOKEN: token, FAIL_POINT: first });
  await assert.rejects(act(doomed.url), `the process is killed at ${first}`);
  assert.equal((await doomed.ended).signal, 'SIGKILL');
  if (first !== point) {
    await ground.passTime(holdMilliseconds);
    const second = await runCommand(['start'], ground.directory, { ...ground.settings, FAIL_POINT: point });
    assert.equal(second.signal, 'SIGKILL', 'the sweep of the start takes it over, and is killed too');
  }
  return (await ground.start({ OPERATOR_TOKEN: token })).url;
}

/** As though the time of who held deletions were over: on the embedded engine while no process runs. */
async function laterOn(ground: ServiceGround, milliseconds = holdMilliseconds): Promise<string> {
  await ground.stopAll();
  await ground.passTime(milliseconds);
  return (await ground.start({ OPERATOR_TOKEN: token })).url;
}

/** Where a drop may have been sent. */
const dropping = ['collection.dropping', 'collection.dropped'];

/** The points that the deletion of a collection passes: it drops where a collection stands on its own. */
function deletionPoints(engine: ServiceEngine, level: Level): readonly string[] {
  const drops = engine.documents === 'mongodb' && level !== 'pooled';
  return failPoints.filter((point) => point.startsWith('collection.') && (drops || !dropping.includes(point)));
}

async function prepare(ground: ServiceGround, level: Level): Promise<void> {
  const service = await ground.start({ OPERATOR_TOKEN: token });
  await fill(service.url, 'acme', level);
  await fill(service.url, 'acme-2', level);
  await service.stop();
}

async function assertNeighbour(url: string): Promise<void> {
  assert.equal(await counted(url, 'acme-2', 'default'), many);
  assert.equal(await counted(url, 'acme-2', 'todos'), many);
  assert.deepEqual(await usage(url, 'acme-2'), { documents: 2 * many, collections: 2 });
}

/** What a server holds of an organization, by names and numbers, whichever its level. */
async function leftOf({ settings }: ServiceGround, { id, collection_name }: Organization): Promise<string[]> {
  const client = plainClient();
  const database = client.db(settings['DATABASE_NAME']);
  const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true });
  const standing = await database.listCollections({}, { nameOnly: true }).toArray();
  const left = [...databases, ...standing]
    .map(({ name }) => name)
    .filter((name) => name === id || name === collection_name || name.startsWith(`${collection_name}.`));
  const own = { _id: { $regex: `^${id}` } } as object;
  for (const name of ['tenantry_slots', 'tenantry_pooled', 'tenantry_kept', 'tenantry_databases']) {
    if ((await database.collection(name).countDocuments(own)) > 0) left.push(name);
  }
  const ofIt = { organization_id: id };
  return (await database.collection('collections').countDocuments(ofIt)) > 0 ? [...left, 'collections'] : left;
}

/** The organization, whatever its status. */
async function find(ground: ServiceGround, name: string): Promise<Organization | undefined> {
  const { organizations } = await ground.inspect();
  return organizations.find((organization) => organization.name === name);
}

function besideAnother(engine: ServiceEngine, level: Level): void {
  for (const point of failPoints.filter((name) => name.startsWith('delete.'))) {
    test(`beside another in the deletion of an organization at ${point}, level ${level}: a sweep of those that run finishes it, and nothing is left`, async () => {
      await using ground = await openServiceGround(engine);
      await prepare(ground, level);
      // One that ran would take over by itself from the first that is killed.
      if (point !== 'delete.taken-over') await ground.start({ OPERATOR_TOKEN: token });
      const acme = await find(ground, 'acme');
      assert.ok(acme);
      const url = await killAt({ ground, point }, async (doomed) => {
        assert.equal((await insertOnce(doomed)).status, 201);
        assert.ok((await leftOf(ground, acme)).length > 0);
        await ask(doomed, 'DELETE', '/acme');
      });
      await ground.passTime(holdMilliseconds);
      await eventually(async () => {
        assert.deepEqual(await leftOf(ground, acme), []);
        assert.notEqual((await find(ground, 'acme'))?.status, 'deleting');
      });
      await ground.passTime(day);
      await eventually(async () => assert.equal(await find(ground, 'acme'), undefined));
      assert.deepEqual(await leftOf(ground, acme), []);
      await assertNeighbour(url);
      await assertCounted(ground);
    });
  }
}

for (const { engine, levels } of stages) {
  const options = { skip: engine.skip, timeout: 600_000, concurrency: 3 };
  suite(`documents where a process is killed, on ${engine.name}`, options, () => {
    for (const level of levels) {
      if (engine.instances > 1) besideAnother(engine, level);

      // Of an engine whose write is one step there are no points within it.
      for (const point of ['document.routed', ...(engine.documents === 'mongodb' ? commitPoints : [])]) {
        test(`in a write at ${point}, level ${level}: the call that is made again has the effect, once`, async () => {
          await using ground = await openServiceGround(engine);
          await prepare(ground, level);
          const url = await killAt({ ground, point }, insertOnce);
          const [again, oneMore] = [
            await (point === 'commit.written' ? insertOnceFree : insertOnce)(url),
            await insertOnce(url),
          ];
          assert.deepEqual([again.status, oneMore.status], [201, 201]);
          assert.equal(await again.text(), await oneMore.text());
          assert.equal(await counted(url, 'acme', 'default'), many + 1);
          await assertNeighbour(url);
          await assertCounted(ground);
        });
      }

      for (const point of deletionPoints(engine, level)) {
        test(`in the deletion of a collection at ${point}, level ${level}: it is gone, and nothing else`, async () => {
          await using ground = await openServiceGround(engine);
          await prepare(ground, level);
          const url = await killAt({ ground, point }, (doomed) => ask(doomed, 'DELETE', '/acme/collections/todos'));
          assert.equal(await counted(url, 'acme', 'todos'), undefined, 'decided, and so not found by anybody');
          assert.equal(await counted(url, 'acme', 'default'), many);
          let next = await laterOn(ground);
          if (dropping.includes(point)) {
            await eventually(async () => assert.equal((await usage(next, 'acme')).collections, 1));
            const early = await ask(next, 'POST', '/acme/collections', { name: 'todos' });
            assert.equal(early.status, 409, 'the drop of who was killed may still arrive');
            next = await laterOn(ground, day);
          }
          await eventually(async () => {
            const made = await ask(next, 'POST', '/acme/collections', { name: 'todos' });
            assert.equal(made.status, 201, JSON.stringify(made.body));
          });
          assert.equal(await counted(next, 'acme', 'todos'), 0);
          assert.deepEqual(await usage(next, 'acme'), { documents: many, collections: 2 });
          await assertNeighbour(next);
          await assertCounted(ground);
        });
      }

      for (const point of failPoints.filter((name) => name.startsWith('delete.'))) {
        test(`in the deletion of an organization at ${point}, level ${level}: nothing of it is left`, async () => {
          await using ground = await openServiceGround(engine);
          await prepare(ground, level);
          const url = await killAt({ ground, point }, (doomed) => ask(doomed, 'DELETE', '/acme'));
          assert.equal((await ask(url, 'GET', '/acme')).status, 404);
          const next = await laterOn(ground);
          await eventually(async () => {
            const { organizations } = await ground.inspect();
            assert.ok(organizations.every(({ status }) => status === 'active' || status === 'deleted'));
          });
          await fill(next, 'acme', level);
          assert.equal(await counted(next, 'acme', 'todos'), many);
          assert.deepEqual(await usage(next, 'acme'), { documents: 2 * many, collections: 2 });
          await assertNeighbour(next);
          await assertCounted(ground);
        });
      }
    }
  });
}
