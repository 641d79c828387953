import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { Place, TenantPlace } from '../documents.ts';
import { insert, replace } from '../records.ts';
import type { EmbeddedStore } from './open.ts';
import {
  documentsOf,
  idOf,
  idsIn,
  insertDocuments,
  killProcess,
  makeOrganization,
  type Note,
  noteOf,
  notes,
  openScratch,
  placeOf,
  scratchDirectory,
  startProcess,
} from './scratch.ts';

/** Where each collection was put; tells of each. */
class Places extends EventEmitter<{ placed: [] }> {
  readonly byName = new Map<string, Place>();

  add(name: string, place: Place): void {
    this.byName.set(name, place);
    this.emit('placed');
  }
}

/**
 * Counts up in the master database and then makes the collection of that number, again and again: at each instant there
 * are the collections up to the count, or all but the last of them.
 */
async function countAndMake(store: EmbeddedStore, lane: string, places: Places, signal: AbortSignal): Promise<void> {
  let note: Note = { ...noteOf(lane), text: '0' };
  assert.deepEqual(await store.records.commit([insert(notes, note)]), { result: 'done' });
  for (let count = 1; !signal.aborted; count += 1) {
    const next = { ...note, text: String(count) };
    assert.deepEqual(await store.records.commit([replace(notes, next)]), { result: 'done' });
    note = { ...next, version: next.version + 1 };
    const name = `${lane}_${count}`;
    const place = placeOf(await store.documents.assignPlace('collection', idOf(name)), name);
    places.add(name, place);
    await store.documents.makeCollection(place);
  }
}

/** The count of a lane, and how many of its collections stand, without a gap. */
async function stateOf(store: EmbeddedStore, lane: string, places: Places): Promise<{ count: number; made: number }> {
  const note = await store.records.get(notes, lane);
  let made = 0;
  for (let number = 1; ; number += 1) {
    const place = places.byName.get(`${lane}_${number}`);
    // A file that was begun after the instant is not in the copy.
    const stands = place && (await store.documents.hasCollection(place, `${lane}_${number}`).catch(() => false));
    if (!stands) break;
    made = number;
  }
  return { count: Number(note?.text ?? 0), made };
}

test('a backup under full load is of one instant over all its files, and opens as a data directory', async (context) => {
  const directory = await scratchDirectory(context);
  const store = await openScratch(context, directory, { tablesPerFile: 5, writerThreads: 2 });
  writeFileSync(join(directory, 'signing-keys.json'), 'keys');
  const [places, ending] = [new Places(), new AbortController()];
  const lanes = ['org_a', 'org_b', 'org_c', 'org_d'];
  const load = Promise.all(lanes.map((lane) => countAndMake(store, lane, places, ending.signal)));

  const targets = [1, 2, 3].map((number) => join(directory, `copy_${number}`));
  for (const [number, target] of targets.entries()) {
    while (places.byName.size < 20 * (number + 1)) await once(places, 'placed');
    const { files } = await store.backup(target, ['signing-keys.json']);
    assert.deepEqual(
      files.toSorted(),
      readdirSync(target, { recursive: true })
        .filter((name) => name !== 'main')
        .toSorted(),
    );
  }
  ending.abort();
  await load;

  for (const target of targets) {
    const copy = await openScratch(context, target, { tablesPerFile: 5 });
    const states = await Promise.all(lanes.map((lane) => stateOf(copy, lane, places)));
    for (const { count, made } of states) assert.ok(made === count || made === count - 1, `${made} of ${count}`);
    assert.ok(states.some(({ made }) => made > 0));
    assert.equal(readFileSync(join(target, 'signing-keys.json'), 'utf8'), 'keys');
    assert.deepEqual(await copy.records.commit([insert(notes, noteOf('new'))]), { result: 'done' });
    await copy.close();
  }
});

test('a backup holds the documents of every level, with their counts', async (context) => {
  const directory = await scratchDirectory(context);
  const store = await openScratch(context, join(directory, 'data'));
  const places: TenantPlace[] = [];
  for (const level of ['pooled', 'collection', 'database'] as const) {
    const place = await makeOrganization(store, `org_${level}`, level);
    await insertDocuments(store, place, documentsOf(10));
    places.push(place);
  }
  const { files } = await store.backup(join(directory, 'copy'), []);
  assert.deepEqual(files.toSorted(), ['master.db', ...places.map(({ database }) => `main/${database}.db`)].toSorted());
  for (const place of places) await store.documents.dropCollection(place);
  const copy = await openScratch(context, join(directory, 'copy'));
  for (const place of places) {
    assert.equal((await idsIn(copy, place)).length, 10, place.level);
    assert.deepEqual(await copy.documents.usage(place), { documents: 10, bytes: 100 });
  }
  await copy.documents.dropCollection(places[2] ?? assert.fail());
});

test('files that were closed before the backup are as they were after it', async (context) => {
  const directory = await scratchDirectory(context);
  const first = await openScratch(context, directory);
  await makeOrganization(first, 'org_acme');
  await first.close();
  const store = await openScratch(context, directory);
  await store.backup(join(directory, 'copy'), []);
  assert.deepEqual(readdirSync(join(directory, 'main')), ['tenants-0001.db']);
});

test('an empty directory is taken, and one that holds anything is refused and stays as it is', async (context) => {
  const directory = await scratchDirectory(context);
  const store = await openScratch(context, join(directory, 'data'));
  const target = join(directory, 'copy');
  mkdirSync(target);
  await store.backup(target, []);
  const before = readdirSync(target, { recursive: true });
  await assert.rejects(store.backup(target, []), {
    name: 'StartError',
    exitCode: 1,
    message: `The backup to ${target} failed: the directory is not empty; name a new one`,
  });
  assert.deepEqual(readdirSync(target, { recursive: true }), before);
  const only = join(directory, 'only');
  mkdirSync(join(only, 'main'), { recursive: true });
  await assert.rejects(store.backup(only, []), { name: 'StartError' });
  assert.deepEqual(readdirSync(only), ['main']);
});

test('a backup that fails leaves nothing behind, names the file, and the next one works', async (context) => {
  const directory = await scratchDirectory(context);
  const store = await openScratch(context, join(directory, 'data'));
  const [standing, fresh] = [join(directory, 'standing'), join(directory, 'above', 'fresh')];
  mkdirSync(standing);
  for (const target of [standing, fresh]) {
    await assert.rejects(store.backup(target, ['missing.json']), { name: 'StartError', message: /missing\.json/ });
  }
  writeFileSync(join(directory, 'data', 'main', 'tenants-0009.db'), 'this is no database'.repeat(100));
  await assert.rejects(store.backup(fresh, []), {
    name: 'StartError',
    message: /main\/tenants-0009\.db cannot be read/,
  });
  assert.deepEqual(readdirSync(directory).toSorted(), ['data', 'standing']);
  assert.deepEqual(readdirSync(standing), []);
  assert.deepEqual(await store.records.commit([insert(notes, noteOf('note_1'))]), { result: 'done' });
});

test('closing the store ends a backup, of which nothing is left', async (context) => {
  const directory = await scratchDirectory(context);
  const [data, target] = [join(directory, 'data'), join(directory, 'copy')];
  const store = await openScratch(context, data);
  await makeOrganization(store, 'org_acme');
  const pipe = makePipe(data);
  const refused = assert.rejects(store.backup(target, ['pipe']), {
    name: 'StartError',
    message: /ended before it was whole/,
  });
  await untilThere(join(target, 'pipe'));
  const closed = store.close();
  // The copying thread goes on from the pipe, and ends before its next step.
  closeSync(openSync(pipe, 'r+'));
  await Promise.all([closed, refused]);
  assert.deepEqual(readdirSync(directory), ['data']);
});

test('half a backup, whose process was killed, is refused at a start', async (context) => {
  const directory = await scratchDirectory(context);
  const [data, target] = [join(directory, 'data'), join(directory, 'copy')];
  const other = startProcess(context);
  await other.order({ call: 'open', value: data });
  for (const name of ['org_a', 'org_b', 'org_c', 'org_d']) await other.order({ call: 'make', value: name });
  makePipe(data);
  mkdirSync(target);
  other.child.send({ call: 'backup', value: target });
  await untilThere(join(target, 'pipe'));
  await killProcess(other);
  await assert.rejects(openScratch(context, target), {
    name: 'StartError',
    exitCode: 78,
    message: /did not come to its end/,
  });
  const store = await openScratch(context, data);
  assert.ok(await store.documents.hasCollection({ cluster: 'main', database: 'tenants-0001' }, 'org_a'));
});

/** A file that nobody writes: whoever copies it waits for ever, with the organizations copied and the master not. */
function makePipe(directory: string): string {
  const path = join(directory, 'pipe');
  execFileSync('mkfifo', [path]);
  return path;
}

/** Waits until a file is begun, in a directory that stands. */
async function untilThere(path: string): Promise<void> {
  const watcher = watch(dirname(path));
  while (!existsSync(path)) await once(watcher, 'change');
  watcher.close();
}

test('half a backup without a file of tenants is refused too: those of a further cluster may be in it', async (context) => {
  const directory = await scratchDirectory(context);
  mkdirSync(join(directory, 'main'));
  writeFileSync(join(directory, 'main', 'master.db.part'), '');
  await assert.rejects(openScratch(context, directory), { exitCode: 78, message: /did not come to its end/ });
});
