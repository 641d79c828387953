import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { sweepCollections } from '../src/documents/finish-collection-deletion.ts';
import { sweep } from '../src/organizations/sweep.ts';
import type { Level } from '../src/store/documents.ts';
import { engine as embedded } from './contract/embedded.ts';
import type { Engine } from './contract/engine.ts';
import { type Answer, assertRefused, bodyOf, fieldOf } from './http-documents/calls.ts';
import {
  collectionNames,
  type DocumentsGround,
  documentsOf,
  everyDocument,
  levels,
  makeCollection,
  openDocuments,
  put,
  type Tenant,
} from './http-documents/ground.ts';
import { lineOf, ndjson } from './http-transfer/calls.ts';
import { dataDirectory } from './service/service.ts';
import { mountSmallDisk, type SmallDisk } from './small-disk.ts';

const docs = documentsOf();
const unavailable = [503, 'storage_unavailable'] as const;

/** Which part of the installation is on the disk that is full. */
type Part = 'main' | 'east';

const levelsOn: Readonly<Record<Part, readonly Level[]>> = {
  main: levels.filter((level) => level !== 'cluster'),
  east: ['cluster'],
};

/** The embedded engine with one of its clusters on the disk and the other one elsewhere. */
function engineOn(part: Part, disk: string, elsewhere: string): Engine {
  const [data, cluster] = part === 'main' ? [disk, elsewhere] : [elsewhere, disk];
  return {
    ...embedded,
    create: async () => join(data, 'data'),
    openCluster: (_location, name) => embedded.openCluster(cluster, name),
    // They go with what they are in.
    destroy: async () => {},
  };
}

/** With a disk of its own beneath one part; left out where none can be mounted. */
async function withDisk(
  context: TestContext,
  part: Part,
  work: (disk: SmallDisk, ground: DocumentsGround) => Promise<void>,
): Promise<void> {
  const mounted = await mountSmallDisk(98_304);
  if (typeof mounted === 'string') return context.skip(mounted);
  await using disk = mounted;
  await using elsewhere = await dataDirectory();
  const engine = engineOn(part, disk.directory, elsewhere.path);
  await using ground = await openDocuments({ engine, level: 'collection' }, { isMixed: true, mayBeUnavailable: true });
  await work(disk, ground);
}

/** An organization with two collections. */
async function makeTenant(ground: DocumentsGround, name: string, level: Level): Promise<Tenant> {
  const tenant = await ground.tenant(name, level);
  await makeCollection(tenant, 'users');
  for (const collection of ['default', 'users']) {
    for (const id of ['a', 'b', 'c']) await put(tenant, id, { mark: `${name} ${collection} ${id}` }, collection);
  }
  return tenant;
}

const text = (kilobytes: number) => 'x'.repeat(kilobytes * 1_000);

/** Larger than what SQLite frees by folding a small WAL. */
const large = { text: text(1_000) };

const several = Array.from({ length: 10 }, (_, n) => ({ _id: `several-${n}`, text: text(100) }));

/** Each call that writes much, by what it is. */
const largeWrites: Readonly<Record<string, (tenant: Tenant) => Promise<Answer>>> = {
  'a document': (tenant) => tenant.send('POST', docs, { body: large }),
  'a document with a key': (tenant) =>
    tenant.send('POST', docs, { body: large, headers: { 'idempotency-key': 'while-it-is-full' } }),
  'a new id': (tenant) => tenant.send('PUT', `${docs}/new`, { body: large }),
  'another in the place of one': (tenant) => tenant.send('PUT', `${docs}/a`, { body: large }),
  'a patch': (tenant) => tenant.send('PATCH', `${docs}/b`, { body: large }),
  'a batch': (tenant) =>
    tenant.send('POST', `${docs}/batch`, {
      body: {
        operations: [
          { op: 'delete', id: 'c' },
          ...several.map(({ _id, ...document }) => ({ op: 'insert', id: _id, document })),
          { op: 'replace', id: 'a', document: { replaced: true } },
        ],
      },
    }),
  'a part of an import': (tenant) =>
    tenant.send('POST', '/import', {
      body: several.map((document) => lineOf(document)).join(''),
      headers: { 'content-type': ndjson },
    }),
};

/** All that can be read of an organization. */
async function everythingOf(tenant: Tenant): Promise<unknown[]> {
  const usage = bodyOf(await tenant.send('GET', '/usage'));
  return [usage, await everyDocument(tenant), await everyDocument(tenant, {}, 'users')];
}

async function assertRecounted(ground: DocumentsGround, tenant: Tenant): Promise<void> {
  const place = await ground.placeOf(tenant);
  const { counted, slots } = await ground.edge.opened.tenancy.documents.recount(place);
  assert.deepEqual(slots, counted, tenant.name);
}

/** What the service does by itself from time to time, once the holds of deletions and creations are over. */
async function sweepLater({ edge: { opened } }: DocumentsGround): Promise<void> {
  const { tenancy, clock } = opened;
  const { signal } = new AbortController();
  // The last is for what stays reserved because its end was uncertain.
  for (const milliseconds of [60_000, 60_000, 25 * 60 * 60_000]) {
    clock.pass(milliseconds);
    await sweep(tenancy, { signal, sparesRecent: false });
    await sweepCollections(tenancy, signal);
  }
}

for (const part of ['main', 'east'] as const) {
  describe(`a full disk beneath ${part === 'main' ? 'the data directory' : 'another cluster'}`, {
    timeout: 120_000,
  }, () => {
    test('no write is done by half, reads go on, others go on, and with room it is as if nothing had been', (context) =>
      withDisk(context, part, async (disk, ground) => {
        const tenants: Tenant[] = [];
        for (const level of levels) tenants.push(await makeTenant(ground, `At ${level}`, level));
        const isOnDisk = (place: number) => levelsOn[part].includes(levels[place] ?? 'pooled');
        const [on, beside] = [tenants.filter((_, n) => isOnDisk(n)), tenants.filter((_, n) => !isOnDisk(n))];
        const before = await Promise.all(on.map(everythingOf));
        const ballast = disk.fill();

        for (const [what, write] of Object.entries(largeWrites)) {
          for (const answer of await Promise.all(on.map(write))) {
            assertRefused(answer, unavailable);
            assert.match(fieldOf(answer, 'retry-after'), /^\d+$/, what);
          }
          assert.deepEqual(await Promise.all(on.map(everythingOf)), before, `${what} left nothing behind`);
        }
        for (const tenant of on) await assertRecounted(ground, tenant);
        for (const tenant of beside) {
          for (const [what, write] of Object.entries(largeWrites)) {
            const answer = await write(tenant);
            assert.ok(answer.status < 300, `${what} of ${tenant.name}: ${answer.text.slice(0, 300)}`);
          }
        }

        ballast.remove();
        for (const tenant of on) {
          for (const [what, write] of Object.entries(largeWrites)) {
            const answer = await write(tenant);
            assert.ok(answer.status < 300, `${what} of ${tenant.name}: ${answer.text.slice(0, 300)}`);
          }
          await assertRecounted(ground, tenant);
        }
        assert.equal((await everyDocument(on[0] as Tenant)).length, (await everyDocument(beside[0] as Tenant)).length);
      }));

    for (const level of levelsOn[part]) {
      test(`what is created or deleted at level ${level} is done or refused, and what is done is finished with room`, (context) =>
        withDisk(context, part, async (disk, ground) => {
          const [gone, emptied, stays] = [
            await makeTenant(ground, 'Gone', level),
            await makeTenant(ground, 'Emptied', level),
            await makeTenant(ground, 'Stays', level),
          ];
          const before = await everythingOf(stays);
          const ballast = disk.fill();
          const place = await ground.placeOf(gone);
          const admin = { email: 'late@example.com', password: 'the password of late' };
          const creation = { name: 'Late', admin, placement: { level } };
          const answers = {
            collection: await emptied.send('DELETE', '/collections/users'),
            emptying: await emptied.send('DELETE', docs),
            organization: await gone.send('DELETE', ''),
            creation: await ground.operate('POST', '', { body: creation }),
          };
          for (const answer of Object.values(answers)) {
            if (answer.status >= 300) assertRefused(answer, unavailable);
          }
          context.diagnostic(JSON.stringify(Object.entries(answers).map(([what, { status }]) => [what, status])));
          assert.deepEqual(await everythingOf(stays), before);

          ballast.remove();
          await sweepLater(ground);
          const { documents } = ground.edge.opened.tenancy;
          const byOperator = ({ id }: Tenant, path: string) => ground.operate('GET', `/${id}${path}`);
          if (answers.organization.status >= 300) bodyOf(await ground.operate('DELETE', `/${gone.id}`));
          assert.deepEqual(await documents.usage(place), { documents: 0, bytes: 0 });
          assertRefused(await byOperator(gone, ''), [404, 'organization_not_found']);
          if (answers.creation.status >= 300) bodyOf(await ground.operate('POST', '', { body: creation }), 201);
          assert.equal(bodyOf(await ground.operate('GET', '/Late'))['status'], 'active');
          bodyOf(await ground.operate('PUT', `/Late${docs}/a`, { body: large }), 201);
          if (answers.collection.status >= 300) {
            const deleted = await ground.operate('DELETE', `/${emptied.id}/collections/users`);
            if (deleted.status !== 200) assertRefused(deleted, [404, 'collection_not_found']);
          }
          assertRefused(await byOperator(emptied, '/collections/users'), [404, 'collection_not_found']);
          if (answers.emptying.status >= 300) bodyOf(await ground.operate('DELETE', `/${emptied.id}${docs}`));
          assert.deepEqual(await documents.usage(await ground.placeOf(emptied)), { documents: 0, bytes: 0 });
          const again = await ground.tenant('Gone', level);
          assert.deepEqual([await everyDocument(again), await collectionNames(again)], [[], ['default']]);
        }));
    }
  });
}
