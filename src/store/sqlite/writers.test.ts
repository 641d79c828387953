import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { Log } from '../../log.ts';
import { connect } from './connection.ts';
import { createFile, makeDirectory } from './disk.ts';
import type { Answer, CommitJob, MakeTableJob, TableState } from './jobs.ts';
import { prepareLayout } from './layout.ts';
import { afterwards, idOf, keepingLog, noteOf, notes, scratchDirectory } from './scratch.ts';
import { mostWaiting, startWriters, type WriterOptions, type Writers } from './writers.ts';

const master = 'master.db';

interface Ground {
  readonly directory: string;
  readonly writers: Writers;
  readonly threads: Worker[];
  readonly log: Log & { readonly lines: string[] };
}

/** Writers on a directory with a master database and the named tenants' files. */
async function startGround(
  context: TestContext,
  { files = [], ...options }: { files?: readonly string[] } & Partial<WriterOptions> = {},
): Promise<Ground> {
  const directory = await scratchDirectory(context);
  makeDirectory(join(directory, 'main'));
  for (const file of [master, ...files]) createFile(join(directory, file));
  const connection = connect(join(directory, master), 'write');
  afterwards(context, () => connection.close());
  prepareLayout(connection, 0, [notes]);
  const threads: Worker[] = [];
  const notice = (worker: Worker) => void threads.push(worker);
  process.on('worker', notice);
  afterwards(context, () => void process.off('worker', notice));
  const log = keepingLog();
  const writers = startWriters({
    directory,
    master: { file: master, identity: connection.identity },
    threads: 1,
    log,
    onCommit: () => {},
    ...options,
  });
  afterwards(context, () => writers.close());
  await nextTurn();
  return { directory, writers, threads, log };
}

function insertion(id: string, kind = notes.name): CommitJob {
  const body = JSON.stringify(noteOf(id));
  return { type: 'commit', changes: [{ op: 'insert', kind, unique: ['title'], id, version: 1, body }], appends: [] };
}

const duplicateId = { result: 'duplicate', kind: notes.name, index: 'id' };

function making(name: string, file = 'main/a.db'): MakeTableJob {
  const table = { file, name, organization: idOf(name), isShared: false, hasOwnFile: false };
  return { type: 'make', table, epoch: 1 };
}

/** Keeps a file locked as a second program would, so that what is submitted to it stays in work. */
function lockFile(directory: string, file: string): { release(): void } {
  const database = new DatabaseSync(join(directory, file));
  database.exec('BEGIN IMMEDIATE');
  return { release: () => database.close() };
}

function storedNotes(directory: string): unknown[] {
  const database = new DatabaseSync(join(directory, master), { readOnly: true });
  try {
    return database
      .prepare('SELECT id FROM notes ORDER BY id')
      .all()
      .map(({ id }) => id);
  } finally {
    database.close();
  }
}

/** Whether the promise is settled already. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = () => {
    settled = true;
  };
  promise.then(note, note);
  await nextTurn();
  return settled;
}

test('a job that waits for the writer until its end is refused and not done; no close waits for it', async (context) => {
  const { directory, writers } = await startGround(context);
  await writers.submit(master, insertion('note_1'));
  const lock = lockFile(directory, master);
  const inWork = writers.submit(master, insertion('note_2'));
  await nextTurn();
  const late = ['note_3', 'note_4'].map((id) => writers.submit(master, insertion(id), performance.now()));
  const settled = Promise.allSettled(late);
  lock.release();
  assert.deepEqual(await inWork, { result: 'done' });
  await writers.close();
  for (const result of await settled) {
    assert.equal(result.status === 'rejected' && result.reason.code, 'storage_unavailable');
  }
  assert.deepEqual(storedNotes(directory), ['note_1', 'note_2']);
});

test('a thread that dies with jobs in work is told of and replaced; they are rejected and none is half done', async (context) => {
  const { directory, writers, threads, log } = await startGround(context);
  await writers.submit(master, insertion('note_1'));
  const lock = lockFile(directory, master);
  const inWork = ['note_2', 'note_3'].map((id) => writers.submit(master, insertion(id)));
  const settled = Promise.allSettled(inWork);
  await nextTurn();
  const dead = threads[0]?.terminate();
  lock.release();
  await dead;
  for (const result of await settled) {
    assert.equal(result.status, 'rejected');
    assert.equal(result.reason.code, 'storage_unavailable');
    assert.equal(result.reason.retryAfterSeconds, 5);
  }
  assert.deepEqual(await writers.submit(master, insertion('note_4')), { result: 'done' });
  assert.deepEqual(storedNotes(directory), ['note_1', 'note_4']);
  assert.equal(threads.length, 2);
  assert.match(log.lines[0] ?? '', /^a writer thread died \{"err"/);
});

test('a thread that dies while it is idle is replaced at the next job', async (context) => {
  const { writers, threads } = await startGround(context);
  await threads[0]?.terminate();
  assert.deepEqual(await writers.submit(master, insertion('note_1')), { result: 'done' });
});

test('closing does what was submitted, and refuses what comes after', async (context) => {
  const { directory, writers } = await startGround(context);
  const submitted = [1, 2, 3].map((number) => writers.submit(master, insertion(`note_${number}`)));
  const closed = writers.close();
  await assert.rejects(writers.submit(master, insertion('note_4')), { code: 'stopping', retryAfterSeconds: 1 });
  await closed;
  assert.deepEqual(await Promise.all(submitted), Array(3).fill({ result: 'done' }));
  assert.deepEqual(storedNotes(directory), ['note_1', 'note_2', 'note_3']);
});

test('closing ends where the thread died before, or dies with a job in work', async (context) => {
  const [idle, busy] = [await startGround(context), await startGround(context)];
  await idle.threads[0]?.terminate();
  await idle.writers.close();

  const lock = lockFile(busy.directory, master);
  const job = assert.rejects(busy.writers.submit(master, insertion('note_1')), { code: 'storage_unavailable' });
  await nextTurn();
  const closed = busy.writers.close();
  const dead = busy.threads[0]?.terminate();
  lock.release();
  await Promise.all([closed, dead, job]);
});

test('while writers are kept still nothing is written, and what was submitted is done afterwards', async (context) => {
  const { directory, writers, threads } = await startGround(context, { threads: 2 });
  await writers.submit(master, insertion('note_0'));
  const before = writers.submit(master, insertion('note_1'));
  await nextTurn();
  const sent = threads.map((thread) => context.mock.method(thread, 'postMessage').mock);
  let during: Promise<Answer> | undefined;
  await writers.whileStill(async () => {
    assert.ok(await isSettled(before), 'what was in work has ended');
    during = writers.submit(master, insertion('note_2'));
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
    assert.deepEqual(
      sent.map((calls) => calls.callCount()),
      [0],
    );
    assert.deepEqual(storedNotes(directory), ['note_0', 'note_1']);
  });
  assert.deepEqual(await during, { result: 'done' });
});

test('closing waits for whoever keeps the writers still', async (context) => {
  const { writers } = await startGround(context);
  const still = Promise.withResolvers<void>();
  const kept = writers.whileStill(() => still.promise);
  const waiting = writers.submit(master, insertion('note_1'));
  const closed = writers.close();
  assert.equal(await isSettled(closed), false);
  still.resolve();
  await Promise.all([kept, closed]);
  assert.deepEqual(await waiting, { result: 'done' });
});

test('past the bound on what waits callers are told to come again, and what waits is done', async (context) => {
  const { writers } = await startGround(context, { files: ['main/a.db'] });
  const submitted: Promise<TableState>[] = [];
  await writers.whileStill(async () => {
    for (let count = 0; count < mostWaiting; count += 1) {
      submitted.push(writers.submit('main/a.db', { type: 'has', name: 'org_acme' }));
    }
    await assert.rejects(writers.submit('main/a.db', making('org_acme')), { code: 'busy', retryAfterSeconds: 1 });
  });
  const answers = await Promise.all(submitted);
  assert.ok(answers.every(({ stands }) => !stands));
});

test('with two threads a file that is slow holds up no file of the other thread', async (context) => {
  const { directory, writers } = await startGround(context, { threads: 2, files: ['main/a.db', 'main/b.db'] });
  await Promise.all([writers.submit('main/a.db', making('org_a')), writers.submit('main/b.db', making('org_b'))]);
  const lock = lockFile(directory, 'main/a.db');
  const slow = writers.submit('main/a.db', making('org_c'));
  assert.equal((await writers.submit('main/b.db', making('org_d'))).organizations, 2);
  assert.equal(await isSettled(slow), false);
  lock.release();
  assert.equal((await slow).organizations, 2);
});

test('a job that fails by itself fails alone', async (context) => {
  const { directory, writers, log } = await startGround(context);
  const ids = Array.from({ length: 40 }, (_, number) => `note_${10 + number}`);
  const jobs = ids.map((id, place) => insertion(id, place === 17 ? 'unknown' : notes.name));
  const twin = writers.submit(master, insertion('note_10'));
  const results = await Promise.allSettled(jobs.map((job) => writers.submit(master, job)));
  assert.deepEqual(await twin, { result: 'done' });
  for (const [place, result] of results.entries()) {
    if (place === 17) assert.ok(result.status === 'rejected' && result.reason.code === 'storage_unavailable');
    else if (place === 0) assert.deepEqual(result, { status: 'fulfilled', value: duplicateId });
    else assert.deepEqual(result, { status: 'fulfilled', value: { result: 'done' } });
  }
  assert.deepEqual(storedNotes(directory), ids.toSpliced(17, 1));
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0] ?? '', /^master\.db failed: .*no such table: unknown/);
});

test('a fault in one file leaves the jobs of the other files of the batch as they should be', async (context) => {
  const { directory, writers, log } = await startGround(context, { files: ['main/b.db'] });
  writeFileSync(join(directory, 'main', 'a.db'), 'this is no database'.repeat(100));
  const [bad, good, best] = await Promise.allSettled([
    writers.submit('main/a.db', making('org_a')),
    writers.submit('main/b.db', making('org_b')),
    writers.submit(master, insertion('note_1')),
  ]);
  assert.ok(bad.status === 'rejected' && bad.reason.code === 'storage_unavailable');
  assert.ok(good.status === 'fulfilled' && good.value.organizations === 1);
  assert.deepEqual(best, { status: 'fulfilled', value: { result: 'done' } });
  assert.match(log.lines.join('\n'), /^main\/a\.db failed: it is damaged/);
});

test('a bounded number of files is open at once, those that were used last', async (context) => {
  const files = ['a', 'b', 'c', 'd'].map((name) => `main/${name}.db`);
  const { directory, writers } = await startGround(context, { files, mostOpenFiles: 2 });
  for (const file of files) await writers.submit(file, making('org_acme'));
  await writers.submit(master, insertion('note_1'));
  // An open file has its WAL beside it.
  const open = files.filter((file) => existsSync(join(directory, `${file}-wal`)));
  assert.deepEqual(open, ['main/c.db', 'main/d.db']);
  assert.equal((await writers.submit('main/a.db', making('org_other'))).organizations, 2);
});

test('a file that is not used is closed, and opened again when it is', async (context) => {
  const { directory, writers } = await startGround(context, { files: ['main/a.db'], idleMilliseconds: 2 });
  const wal = join(directory, 'main', 'a.db-wal');
  using watcher = closable(watch(join(directory, 'main')));
  assert.equal((await writers.submit('main/a.db', making('org_acme'))).organizations, 1);
  while (existsSync(wal)) await once(watcher.events, 'change');
  assert.equal((await writers.submit('main/a.db', making('org_other'))).organizations, 2);
});

function closable(events: ReturnType<typeof watch>): Disposable & { readonly events: typeof events } {
  return { events, [Symbol.dispose]: () => events.close() };
}
