import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { defineKind, insert, type Kind, type Stored } from '../records.ts';
import { noteOf, notes, openScratch, scratchDirectory } from './scratch.ts';

interface Person extends Stored {
  readonly email: string;
  readonly city: string;
}

function person(id: string, email: string, city: string): Person {
  return { id, version: 1, email, city };
}

/** The statements that made what stands in the master database. */
function schemaOf(directory: string): unknown[] {
  using database = new DatabaseSync(join(directory, 'master.db'), { readOnly: true });
  return database.prepare('SELECT name, sql FROM sqlite_schema ORDER BY name').all();
}

test('a database of a newer layout is refused with 78, and stays as it is', async (context) => {
  const directory = await scratchDirectory(context);
  await (await openScratch(context, directory)).close();
  const path = join(directory, 'master.db');
  const newer = new DatabaseSync(path);
  newer.exec('PRAGMA user_version=1000');
  newer.close();
  const before = readFileSync(path);
  await assert.rejects(openScratch(context, directory), {
    name: 'StartError',
    exitCode: 78,
    message: new RegExp(`^${path} has layout 1000, made by a newer Tenantry`),
  });
  assert.deepEqual(readFileSync(path), before);
});

for (const mode of ['DELETE', 'WAL']) {
  test(`another program's database in mode ${mode} is refused with 78, and stays as it is`, async (context) => {
    const directory = await scratchDirectory(context);
    const path = join(directory, 'master.db');
    const foreign = new DatabaseSync(path);
    foreign.exec(`PRAGMA journal_mode=${mode}; CREATE TABLE theirs (id); INSERT INTO theirs VALUES (1)`);
    foreign.close();
    const before = readFileSync(path);
    await assert.rejects(openScratch(context, directory), {
      name: 'StartError',
      exitCode: 78,
      message: new RegExp(`^${path} is not a database of Tenantry`),
    });
    assert.deepEqual(readFileSync(path), before);
  });
}

test('a start that finds all as it should be changes nothing', async (context) => {
  const directory = await scratchDirectory(context);
  const first = await openScratch(context, directory);
  await first.records.commit([insert(notes, noteOf('note_1'))]);
  await first.close();
  const before = readFileSync(join(directory, 'master.db'));
  const second = await openScratch(context, directory);
  assert.deepEqual(await second.records.get(notes, 'note_1'), noteOf('note_1'));
  await second.close();
  assert.deepEqual(readFileSync(join(directory, 'master.db')), before);
});

test('indexes follow the declarations at the next start: added, made unique or not, and taken away', async (context) => {
  const directory = await scratchDirectory(context);
  const [plain, byCity, unique] = [
    defineKind<Person>()('people', { email: 'unique' }),
    defineKind<Person>()('people', { email: 'many', city: 'many' }),
    defineKind<Person>()('people', { city: 'unique' }),
  ];
  const open = (kind: Kind) => openScratch(context, directory, { kinds: [kind] });

  const first = await open(plain);
  await first.records.commit([insert(plain, person('a', 'one', 'Berne'))]);
  await first.close();

  const second = await open(byCity);
  assert.deepEqual(await second.records.list(byCity, 'city', { limit: 10 }), [person('a', 'one', 'Berne')]);
  const twin = await second.records.commit([insert(byCity, person('b', 'one', 'Basle'))]);
  assert.deepEqual(twin, { result: 'done' });
  await second.close();

  const third = await open(unique);
  const taken = await third.records.commit([insert(unique, person('c', 'two', 'Berne'))]);
  assert.deepEqual(taken, { result: 'duplicate', kind: 'people', index: 'city' });
  await third.close();
  assert.equal(schemaOf(directory).length, 2, 'the table and its one index');
});

test('an index that the records break ends the start, and they stay as they are', async (context) => {
  const directory = await scratchDirectory(context);
  const [loose, strict] = [
    defineKind<Person>()('people', { city: 'many' }),
    defineKind<Person>()('people', { city: 'unique' }),
  ];
  const first = await openScratch(context, directory, { kinds: [loose] });
  await first.records.commit([insert(loose, person('a', 'one', 'Berne')), insert(loose, person('b', 'two', 'Berne'))]);
  await first.close();
  const before = schemaOf(directory);
  await assert.rejects(openScratch(context, directory, { kinds: [strict] }), {
    name: 'StartError',
    message: /master\.db.*people-city/,
  });
  assert.deepEqual(schemaOf(directory), before);
});

test('kinds and members whose names run together have each their own index', async (context) => {
  const directory = await scratchDirectory(context);
  const short = defineKind<Stored & { readonly c_d: string }>()('b', { c_d: 'unique' });
  const long = defineKind<Stored & { readonly d: string }>()('b_c', { d: 'unique' });
  const store = await openScratch(context, directory, { kinds: [short, long] });
  const ofBoth = (id: string) => [
    insert(short, { id, version: 1, c_d: 'x' }),
    insert(long, { id, version: 1, d: 'x' }),
  ];
  assert.deepEqual(await store.records.commit(ofBoth('one')), { result: 'done' });
  for (const change of ofBoth('two')) {
    const outcome = await store.records.commit([change]);
    assert.equal(outcome.result, 'duplicate', change.kind.name);
  }
});

test('a directory whose master database is gone, while organizations are there, is no new start', async (context) => {
  const directory = await scratchDirectory(context);
  mkdirSync(join(directory, 'main'));
  writeFileSync(join(directory, 'main', 'tenants-0001.db'), '');
  await assert.rejects(openScratch(context, directory), {
    name: 'StartError',
    exitCode: 78,
    message: new RegExp(`^${join(directory, 'master.db')} is missing or empty, while main/tenants-0001.db is there`),
  });
});
