import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { StartError } from '../../errors.ts';
import { insert } from '../records.ts';
import { lockDirectory } from './lock.ts';
import {
  afterwards,
  killProcess,
  makeOrganization,
  noteOf,
  notes,
  openScratch,
  scratchDirectory,
  startProcess,
} from './scratch.ts';

test('a second process ends with 78 and is told the directory and the first process', async (context) => {
  const directory = await scratchDirectory(context);
  const [first, second] = [startProcess(context), startProcess(context)];
  await first.order({ call: 'open', value: directory });
  const told = await second.order({ call: 'open', value: directory });
  assert.ok('failed' in told);
  assert.equal(told.failed, '78');
  assert.match(
    told.message,
    new RegExp(`${directory} is in use by another Tenantry \\(process ${first.child.pid} on `),
  );
});

test('a process that was killed leaves no lock, and what it had acknowledged', async (context) => {
  const directory = await scratchDirectory(context);
  const first = startProcess(context);
  await first.order({ call: 'open', value: directory });
  await first.order({ call: 'insert', value: 'note_1' });
  await killProcess(first);
  const store = await openScratch(context, directory);
  assert.deepEqual(await store.records.get(notes, 'note_1'), noteOf('note_1'));
});

test('of processes that start at once exactly one gets the directory', async (context) => {
  const directory = join(await scratchDirectory(context), 'new');
  const processes = Array.from({ length: 4 }, () => startProcess(context));
  const told = await Promise.all(processes.map((process) => process.order({ call: 'open', value: directory })));
  assert.equal(told.filter((answer) => 'done' in answer).length, 1, JSON.stringify(told));
  assert.equal(told.filter((answer) => 'failed' in answer && answer.failed === '78').length, 3, JSON.stringify(told));
});

test('a second store in the same process is refused, and does not free the directory for others', async (context) => {
  const directory = await scratchDirectory(context);
  await openScratch(context, directory);
  await assert.rejects(openScratch(context, directory), { name: 'StartError', exitCode: 78 });
  const told = await startProcess(context).order({ call: 'open', value: directory });
  assert.ok('failed' in told && told.failed === '78', JSON.stringify(told));
});

test('a directory that was given back can be taken again', async (context) => {
  const directory = await scratchDirectory(context);
  lockDirectory(directory).release();
  const store = await openScratch(context, directory);
  await store.close();
  assert.ok('done' in (await startProcess(context).order({ call: 'open', value: directory })));
});

test('what stands in the place of the note of the holder is not written through', async (context) => {
  const directory = await scratchDirectory(context);
  const other = join(await scratchDirectory(context), 'letter');
  writeFileSync(other, 'dear');
  symlinkSync(other, join(directory, 'lock.json'));
  lockDirectory(directory).release();
  assert.equal(readFileSync(other, 'utf8'), 'dear');
});

test('a directory that cannot be made is named, with 78', () => {
  const below = join(import.meta.filename, 'data');
  assert.throws(
    () => lockDirectory(below),
    (error) => error instanceof StartError && error.exitCode === 78 && error.message.includes(below),
  );
});

test('what the engine makes is for its user alone, whatever the umask', async (context) => {
  setUmask(context, 0o000);
  const directory = join(await scratchDirectory(context), 'above', 'data');
  const store = await openScratch(context, directory);
  for (const level of ['collection', 'pooled', 'database'] as const) {
    const place = await makeOrganization(store, `org_${level}`, level);
    assert.deepEqual(await store.documents.getMany(place, 'default', ['a']), []);
  }
  await store.records.commit([insert(notes, noteOf('note_1'))]);
  await store.backup(join(directory, '..', 'copy'), []);
  const names = readdirSync(join(directory, '..'), { recursive: true, encoding: 'utf8' });
  const modes = names.map((name) => {
    const information = statSync(join(directory, '..', name));
    return { name, mode: information.mode & 0o777, expected: information.isDirectory() ? 0o700 : 0o600 };
  });
  assert.ok(names.includes('data/main/tenants-0001.db-wal') && names.includes('copy/master.db'), names.join(' '));
  assert.deepEqual(
    modes.filter(({ mode, expected }) => mode !== expected),
    [],
  );
});

function setUmask(context: TestContext, mask: number): void {
  const before = process.umask(mask);
  afterwards(context, () => process.umask(before));
}
