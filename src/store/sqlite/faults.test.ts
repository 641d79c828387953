import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, chownSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { whyNoTrace } from '../../../test/durability/trace.ts';
import { mountSmallDisk, type SmallDisk } from '../../../test/small-disk.ts';
import {
  afterwards,
  commitNote,
  idOf,
  keepingLog,
  makeOrganization,
  noteOf,
  notes,
  openScratch,
  placeOf,
  scratchDirectory,
  startProcess,
  type Told,
  unavailable,
} from './scratch.ts';

const isRoot = process.getuid?.() === 0;
/** Root may write everywhere; whoever else runs the tests may not. */
const unprivileged = isRoot ? { uid: 65_534 } : {};

/** A file system of its own, of so many KiB; undefined, with the test skipped, where this user cannot mount one. */
async function smallDisk(context: TestContext, kibibytes: number): Promise<SmallDisk | undefined> {
  const disk = await mountSmallDisk(kibibytes);
  if (typeof disk === 'string') {
    context.skip(disk);
    return undefined;
  }
  afterwards(context, () => disk[Symbol.asyncDispose]());
  return disk;
}

test('on a full disk writing fails, what was acknowledged is read, and room ends the fault', async (context) => {
  const disk = await smallDisk(context, 4_096);
  if (disk === undefined) return;
  const [directory, log] = [join(disk.directory, 'data'), keepingLog()];
  const store = await openScratch(context, directory, { log });
  const place = await makeOrganization(store, 'org_acme');
  await commitNote(store, 'note_1');
  const ballast = disk.fill();

  await assert.rejects(commitNote(store, 'note_2', 100_000), unavailable);
  await assert.rejects(store.documents.makeCollection(placeOf(place, 'org_other')), unavailable);
  assert.match(log.lines.join('\n'), /^master\.db failed: the disk is full/m);
  assert.match(log.lines.join('\n'), /^main\/tenants-0001\.db failed: the disk (is full|failed)/m);
  assert.deepEqual(await store.records.list(notes, 'title', { limit: 10 }), [noteOf('note_1')]);
  assert.equal(await store.records.get(notes, 'note_2'), undefined, 'nothing of it is half there');
  const { database } = await store.documents.assignPlace('collection', idOf('org_next'));
  assert.equal(database, place.database, 'another file would be no better');

  ballast.remove();
  await commitNote(store, 'note_2', 100_000);
  await store.documents.makeCollection(placeOf(place, 'org_other'));
  await store.close();
  const again = await openScratch(context, directory);
  assert.equal((await again.records.list(notes, 'title', { limit: 10 })).length, 2);
  for (const name of ['org_acme', 'org_other']) assert.ok(await again.documents.hasCollection(place, name), name);
});

test('a first start on a full disk names the directory, and leaves it to the next one', async (context) => {
  const disk = await smallDisk(context, 256);
  if (disk === undefined) return;
  const directory = join(disk.directory, 'data');
  const ballast = disk.fill();
  await assert.rejects(openScratch(context, directory), { name: 'StartError', message: new RegExp(directory) });
  ballast.remove();
  await commitNote(await openScratch(context, directory), 'note_1');
});

test('a directory that cannot be written ends the start with 78 and is named', async (context) => {
  const directory = await scratchDirectory(context);
  chmodSync(directory, 0o500);
  const told = await startProcess(context, unprivileged).order({ call: 'open', value: directory });
  assert.ok('failed' in told && told.failed === '78' && told.message.includes(directory), JSON.stringify(told));
});

test('where no file can be made any more, the open ones go on, and the next is made when it can be', async (context) => {
  const directory = await scratchDirectory(context);
  const other = startProcess(context, unprivileged);
  if (isRoot) chownSync(directory, 65_534, 65_534);
  await other.order({ call: 'open', value: directory });
  for (const name of ['org_a', 'org_b', 'org_c']) await other.order({ call: 'make', value: name });

  chmodSync(join(directory, 'main'), 0o500);
  const refused = await other.order({ call: 'make', value: 'org_d' });
  assert.ok('failed' in refused && refused.failed === 'storage_unavailable', JSON.stringify(refused));
  assert.match(refused.message, /main\/tenants-0002\.db: it cannot be written/);
  assert.ok('done' in (await other.order({ call: 'insert', value: 'note_1' })));

  chmodSync(join(directory, 'main'), 0o700);
  const place = placeOf({ cluster: 'main', database: 'tenants-0002' }, 'org_d');
  assert.deepEqual(await other.order({ call: 'make', value: 'org_d' }), { done: place });
});

test('a commit whose sync fails is told as failed and is not read; what was acknowledged before and after it stays', async (context) => {
  const why = await whyNoTrace();
  if (why !== undefined) return context.skip(why);
  const directory = await scratchDirectory(context);
  await (await openScratch(context, directory)).close();
  // The fourth sync of each thread fails: of the writer's, that is one of the first commits of a new WAL.
  const failing = [
    'strace',
    '-f',
    '-o',
    '/dev/null',
    '-e',
    'trace=fsync,fdatasync',
    '-e',
    'inject=fsync,fdatasync:error=EIO:when=4',
  ];
  const other = startProcess(context, { under: failing });
  const opened = await other.order({ call: 'open', value: directory });
  const ids = ['note_1', 'note_2', 'note_3', 'note_4', 'note_5', 'note_6'];
  const told = new Map<string, Told>();
  for (const id of ids) told.set(id, await other.order({ call: 'insert', value: id }));
  assert.ok('done' in opened && typeof opened.done === 'number');
  const gone = once(other.child, 'exit');
  process.kill(opened.done, 'SIGKILL');
  await gone;

  const failed = ids.filter((id) => 'failed' in (told.get(id) ?? {}));
  assert.equal(failed.length, 1, JSON.stringify([...told]));
  assert.match(JSON.stringify(told.get(failed[0] ?? '')), /storage_unavailable.*master\.db: the disk failed/);
  const store = await openScratch(context, directory);
  const standing = (await store.records.list(notes, 'title', { limit: 10 })).map(({ id }) => id);
  assert.deepEqual(
    standing,
    ids.filter((id) => !failed.includes(id)),
  );
});
