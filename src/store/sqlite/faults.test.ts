import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Place } from '../documents.ts';
import { insert, replace } from '../records.ts';
import type { EmbeddedStore } from './open.ts';
import { keepingLog, noteOf, notes, openScratch, scratchDirectory, startProcess } from './scratch.ts';

const isRoot = process.getuid?.() === 0;
const unavailable = { name: 'TenantryError', code: 'storage_unavailable', retryAfterSeconds: 5 };

async function commitNote(store: EmbeddedStore, id: string, bytes?: number): Promise<void> {
  assert.deepEqual(await store.records.commit([insert(notes, noteOf(id, bytes))]), { result: 'done' });
}

async function makeOrganization(store: EmbeddedStore, collection: string): Promise<Place> {
  const place = await store.documents.assignPlace();
  await store.documents.makeCollection(place, collection);
  return place;
}

/** A file system of its own, of so many KiB; undefined, with the test skipped, where this user cannot mount one. */
async function mountSmall(context: TestContext, kibibytes: number): Promise<string | undefined> {
  const directory = await scratchDirectory(context);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', directory], { stdio: 'pipe' });
  } catch (error) {
    context.skip(`a file system cannot be mounted here: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
  context.after(() => execFileSync('umount', ['--lazy', directory]));
  return directory;
}

/** Fills what is left of the file system, and gives what makes room again. */
function fill(directory: string): { remove(): void } {
  const { bavail, bsize } = statfsSync(directory);
  const path = join(directory, 'ballast');
  writeFileSync(path, Buffer.alloc(bavail * bsize));
  return { remove: () => rmSync(path) };
}

test('on a full disk writing fails, what was acknowledged is read, and room ends the fault', async (context) => {
  const mounted = await mountSmall(context, 4_096);
  if (mounted === undefined) return;
  const [directory, log] = [join(mounted, 'data'), keepingLog()];
  const store = await openScratch(context, directory, { log });
  const place = await makeOrganization(store, 'org_acme');
  await commitNote(store, 'note_1');
  const ballast = fill(mounted);

  await assert.rejects(commitNote(store, 'note_2', 100_000), unavailable);
  await assert.rejects(store.documents.makeCollection(place, 'org_other'), unavailable);
  assert.match(log.lines.join('\n'), /^master\.db failed: the disk is full/m);
  assert.match(log.lines.join('\n'), /^main\/tenants-0001\.db failed: the disk (is full|failed)/m);
  assert.deepEqual(await store.records.list(notes, 'title', { limit: 10 }), [noteOf('note_1')]);
  assert.equal(await store.records.get(notes, 'note_2'), undefined, 'nothing of it is half there');
  assert.deepEqual(await store.documents.assignPlace(), place, 'another file would be no better');

  ballast.remove();
  await commitNote(store, 'note_2', 100_000);
  await store.documents.makeCollection(place, 'org_other');
  await store.close();
  const again = await openScratch(context, directory);
  assert.equal((await again.records.list(notes, 'title', { limit: 10 })).length, 2);
  for (const name of ['org_acme', 'org_other']) assert.ok(await again.documents.hasCollection(place, name), name);
});

test('a first start on a full disk names the directory, and leaves it to the next one', async (context) => {
  const mounted = await mountSmall(context, 256);
  if (mounted === undefined) return;
  const directory = join(mounted, 'data');
  const ballast = fill(mounted);
  await assert.rejects(openScratch(context, directory), { name: 'StartError', message: new RegExp(directory) });
  ballast.remove();
  await commitNote(await openScratch(context, directory), 'note_1');
});

test('a directory that cannot be written ends the start with 78 and is named', async (context) => {
  const directory = await scratchDirectory(context);
  chmodSync(directory, 0o500);
  const told = await startProcess(context, isRoot ? 65_534 : undefined).order({ call: 'open', value: directory });
  assert.ok('failed' in told && told.failed === '78' && told.message.includes(directory), JSON.stringify(told));
});

test('where no file can be made any more, the open ones go on, and the next is made when it can be', async (context) => {
  const directory = await scratchDirectory(context);
  const other = startProcess(context, isRoot ? 65_534 : undefined);
  if (isRoot) chownSync(directory, 65_534, 65_534);
  await other.order({ call: 'open', value: directory });
  for (const name of ['org_a', 'org_b', 'org_c']) await other.order({ call: 'make', value: name });

  chmodSync(join(directory, 'main'), 0o500);
  const refused = await other.order({ call: 'make', value: 'org_d' });
  assert.ok('failed' in refused && refused.failed === 'storage_unavailable', JSON.stringify(refused));
  assert.match(refused.message, /main\/tenants-0002\.db: it cannot be written/);
  assert.ok('done' in (await other.order({ call: 'insert', value: 'note_1' })));

  chmodSync(join(directory, 'main'), 0o700);
  assert.deepEqual(await other.order({ call: 'make', value: 'org_d' }), {
    done: { cluster: 'main', database: 'tenants-0002' },
  });
});

/** Writes nonsense over a file from an offset on, as a failing disk does. */
async function damage(path: string, offset: number): Promise<void> {
  await using file = await open(path, 'r+');
  const { size } = await file.stat();
  await file.write(Buffer.alloc(size - offset, 'nonsense'), 0, size - offset, offset);
}

const pageBytes = 4_096;

test('a master database that is none ends the start, and is named', async (context) => {
  const directory = await scratchDirectory(context);
  await (await openScratch(context, directory)).close();
  await damage(join(directory, 'master.db'), 0);
  await assert.rejects(openScratch(context, directory), {
    name: 'StartError',
    exitCode: 1,
    message: new RegExp(`^${join(directory, 'master.db')} cannot be opened: it is damaged; restore it from a backup`),
  });
});

test('of a master database that is damaged in part, the rest is read and no answer is wrong', async (context) => {
  const directory = await scratchDirectory(context);
  const first = await openScratch(context, directory);
  const ids = Array.from({ length: 100 }, (_, number) => `note_${100 + number}`);
  for (const id of ids) await commitNote(first, id, 1_000);
  await first.close();
  const path = join(directory, 'master.db');
  await damage(path, statSync(path).size - 5 * pageBytes);

  const log = keepingLog();
  const store = await openScratch(context, directory, { log });
  const read = await Promise.allSettled(ids.map((id) => store.records.get(notes, id)));
  const [good, bad] = [
    read.filter(({ status }) => status === 'fulfilled'),
    read.filter(({ status }) => status === 'rejected'),
  ];
  assert.ok(good.length > 50 && bad.length > 0, `${good.length} read, ${bad.length} not`);
  for (const [place, result] of read.entries()) {
    if (result.status === 'fulfilled') assert.deepEqual(result.value, noteOf(ids[place] ?? '', 1_000));
    else assert.match(String(result.reason.cause), /master\.db: it is damaged/);
  }
  const lost = noteOf(ids[read.findIndex(({ status }) => status === 'rejected')] ?? '', 1_000);
  const kept = noteOf(ids[read.findIndex(({ status }) => status === 'fulfilled')] ?? '', 1_000);
  const [broken, sound] = await Promise.allSettled([
    store.records.commit([replace(notes, lost)]),
    store.records.commit([replace(notes, kept)]),
  ]);
  assert.ok(broken.status === 'rejected' && broken.reason.code === 'storage_unavailable');
  assert.deepEqual(sound, { status: 'fulfilled', value: { result: 'done' } }, 'its neighbour in the transaction');
  assert.match(log.lines.join('\n'), /^master\.db failed: it is damaged/m);
});

for (const [how, offset] of [
  ['is no database', 0],
  ['ends in nonsense', pageBytes],
] as const) {
  test(`a tenants' file that ${how} fails alone, and no new organization goes there`, async (context) => {
    const directory = await scratchDirectory(context);
    const first = await openScratch(context, directory, { tablesPerFile: 3 });
    const [bad, , , good] = [
      await makeOrganization(first, 'org_a'),
      await makeOrganization(first, 'org_b'),
      await makeOrganization(first, 'org_c'),
      await makeOrganization(first, 'org_d'),
    ];
    await first.documents.dropCollection(bad, 'org_c');
    await first.close();
    await damage(join(directory, 'main', 'tenants-0001.db'), offset);

    const log = keepingLog();
    const store = await openScratch(context, directory, { tablesPerFile: 3, log });
    await assert.rejects(store.documents.dropCollection(bad, 'org_b'), unavailable);
    assert.match(log.lines.join('\n'), /^main\/tenants-0001\.db failed: it is damaged/m);
    assert.deepEqual(await makeOrganization(store, 'org_e'), good);
    assert.ok(await store.documents.hasCollection(good, 'org_d'));
    await commitNote(store, 'note_1');
  });
}

test("a tenants' file that is taken away fails, is not made anew, and works when it is back", async (context) => {
  const [directory, log] = [await scratchDirectory(context), keepingLog()];
  const store = await openScratch(context, directory, { log });
  const place = await makeOrganization(store, 'org_a');
  const path = join(directory, 'main', 'tenants-0001.db');
  renameSync(path, `${path}.away`);
  for (const name of ['org_b', 'org_c']) await assert.rejects(store.documents.makeCollection(place, name), unavailable);
  assert.match(log.lines[0] ?? '', /^main\/tenants-0001\.db failed: it was removed or replaced/);
  assert.match(log.lines[1] ?? '', /^main\/tenants-0001\.db failed: it cannot be opened/);
  assert.deepEqual(await makeOrganization(store, 'org_d'), { cluster: 'main', database: 'tenants-0002' });
  renameSync(`${path}.away`, path);
  assert.ok(await store.documents.hasCollection(place, 'org_a'));
  assert.deepEqual(await store.documents.assignPlace(), place);
});

test('a master database that is taken away is not written, is read on, and works when it is back', async (context) => {
  const directory = await scratchDirectory(context);
  const store = await openScratch(context, directory);
  await commitNote(store, 'note_1');
  const path = join(directory, 'master.db');
  renameSync(path, `${path}.away`);
  for (const id of ['note_2', 'note_3']) await assert.rejects(commitNote(store, id), unavailable);
  assert.deepEqual(await store.records.get(notes, 'note_1'), noteOf('note_1'));
  renameSync(`${path}.away`, path);
  await commitNote(store, 'note_4');
  await store.close();
  const again = await openScratch(context, directory);
  for (const id of ['note_1', 'note_4']) assert.deepEqual(await again.records.get(notes, id), noteOf(id));
  assert.equal(await again.records.get(notes, 'note_3'), undefined);
});

test('another file in the place of the master database is not written to until the next start', async (context) => {
  const [directory, log] = [await scratchDirectory(context), keepingLog()];
  const store = await openScratch(context, directory, { log });
  await commitNote(store, 'note_1');
  mkdirSync(join(directory, 'away'));
  const path = join(directory, 'master.db');
  for (const name of ['master.db', 'master.db-wal', 'master.db-shm']) {
    renameSync(join(directory, name), join(directory, 'away', name));
  }
  copyFileSync(join(directory, 'away', 'master.db'), path);
  for (const id of ['note_2', 'note_3']) await assert.rejects(commitNote(store, id), unavailable);
  assert.equal(log.lines.filter((line) => line.startsWith('master.db failed: it was removed or replaced')).length, 2);
});

test('a WAL that is removed is noticed before anything is acknowledged into it', async (context) => {
  const [directory, log] = [await scratchDirectory(context), keepingLog()];
  const store = await openScratch(context, directory, { log });
  const place = await makeOrganization(store, 'org_a');
  rmSync(join(directory, 'main', 'tenants-0001.db-wal'));
  await assert.rejects(store.documents.makeCollection(place, 'org_b'), unavailable);
  assert.match(log.lines[0] ?? '', /^main\/tenants-0001\.db failed: it was removed or replaced/);
});
