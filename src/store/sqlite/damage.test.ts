import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { defineKind, insert, replace } from '../records.ts';
import {
  commitNote,
  keepingLog,
  makeOrganization,
  type Note,
  noteOf,
  notes,
  openScratch,
  placeOf,
  scratchDirectory,
  unavailable,
} from './scratch.ts';

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

test('of a master database that is damaged in part, the rest works and no answer is wrong', async (context) => {
  const [directory, log] = [await scratchDirectory(context), keepingLog()];
  const memos = defineKind<Note>()('memos', {});
  const first = await openScratch(context, directory, { kinds: [memos, notes] });
  await first.records.commit([insert(memos, noteOf('memo_1'))]);
  const ids = Array.from({ length: 100 }, (_, number) => `note_${100 + number}`);
  for (const id of ids) await commitNote(first, id, 1_000);
  await first.close();
  const path = join(directory, 'master.db');
  await damage(path, statSync(path).size - 5 * pageBytes);

  const store = await openScratch(context, directory, { kinds: [memos, notes], log });
  const read = await Promise.allSettled(ids.map((id) => store.records.get(notes, id)));
  const [whole, broken]: [number[], number[]] = [[], []];
  for (const [place, result] of read.entries()) (result.status === 'fulfilled' ? whole : broken).push(place);
  assert.ok(whole.length > 50 && broken.length > 0, `${whole.length} read, ${broken.length} not`);
  for (const [place, result] of read.entries()) {
    if (result.status === 'fulfilled') assert.deepEqual(result.value, noteOf(ids[place] ?? '', 1_000));
    else assert.match(String(result.reason.cause), /master\.db: it is damaged/);
  }
  const [bad, good] = await Promise.allSettled([
    store.records.commit([replace(notes, noteOf(ids[broken[0] ?? -1] ?? ''))]),
    store.records.commit([replace(memos, noteOf('memo_1'))]),
  ]);
  assert.ok(bad.status === 'rejected' && bad.reason.code === 'storage_unavailable');
  assert.deepEqual(good, { status: 'fulfilled', value: { result: 'done' } }, 'its neighbour in the transaction');
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
    await first.documents.dropCollection(placeOf(bad, 'org_c'));
    await first.close();
    await damage(join(directory, 'main', 'tenants-0001.db'), offset);

    const log = keepingLog();
    const store = await openScratch(context, directory, { tablesPerFile: 3, log });
    await assert.rejects(store.documents.dropCollection(placeOf(bad, 'org_b')), unavailable);
    assert.match(log.lines.join('\n'), /^main\/tenants-0001\.db failed: it is damaged/m);
    assert.equal((await makeOrganization(store, 'org_e')).database, good.database);
    assert.ok(await store.documents.hasCollection(good, 'org_d'));
    await commitNote(store, 'note_1');
  });
}

test("a tenants' file that is no database is told at the start, which goes on, and no organization goes there", async (context) => {
  const [directory, log] = [await scratchDirectory(context), keepingLog()];
  await (await openScratch(context, directory)).close();
  for (const [name, content] of [
    ['tenants-0001.db', 'nonsense'.repeat(pageBytes)],
    ['tenants-0002.db', 'cut'],
    ['tenants-0003.db', ''],
  ] as const) {
    writeFileSync(join(directory, 'main', name), content);
  }
  const store = await openScratch(context, directory, { log });
  assert.deepEqual(
    log.lines.map((line) => line.slice(0, line.indexOf(';'))),
    ['main/tenants-0001.db failed: it is damaged', 'main/tenants-0002.db failed: it is damaged'],
  );
  assert.equal((await makeOrganization(store, 'org_a')).database, 'tenants-0003', 'which was only begun');
});

test("a tenants' file that is taken away fails, is not made anew, and works when it is back", async (context) => {
  const [directory, log] = [await scratchDirectory(context), keepingLog()];
  const store = await openScratch(context, directory, { log });
  const place = await makeOrganization(store, 'org_a');
  const path = join(directory, 'main', 'tenants-0001.db');
  renameSync(path, `${path}.away`);
  for (const name of ['org_b', 'org_c'])
    await assert.rejects(store.documents.makeCollection(placeOf(place, name)), unavailable);
  assert.match(log.lines[0] ?? '', /^main\/tenants-0001\.db failed: it was removed or replaced/);
  assert.match(log.lines[1] ?? '', /^main\/tenants-0001\.db failed: it cannot be opened/);
  assert.equal((await makeOrganization(store, 'org_d')).database, 'tenants-0002');
  renameSync(`${path}.away`, path);
  assert.ok(await store.documents.hasCollection(place, 'org_a'));
  assert.equal((await makeOrganization(store, 'org_e')).database, place.database);
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
  await commitNote(store, 'note_1');
  for (const file of ['main/tenants-0001.db', 'master.db']) rmSync(join(directory, `${file}-wal`));
  await assert.rejects(store.documents.makeCollection(placeOf(place, 'org_b')), unavailable);
  assert.ok(await store.documents.hasCollection(place, 'org_a'), 'what was in it is in the file now');
  // This process reads the master database by the WAL that is gone: a new one would be a second truth beside it.
  for (const id of ['note_2', 'note_3']) await assert.rejects(commitNote(store, id), unavailable);
  assert.deepEqual(await store.records.get(notes, 'note_1'), noteOf('note_1'));
  assert.equal(log.lines.length, 3);
  for (const line of log.lines)
    assert.match(line, /^(main\/tenants-0001|master)\.db failed: it was removed or replaced/);
});
