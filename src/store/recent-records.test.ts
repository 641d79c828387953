import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RecentRecords, rememberRecords } from './recent-records.ts';
import { defineKind, type Records, remove, replace, type Stored } from './records.ts';

interface Person extends Stored {
  readonly email: string;
}

const people = defineKind<Person>()('people', { email: 'unique' });
const ada: Person = { id: 'ada', version: 1, email: 'ada@example.com' };
const always = () => true;

/** A database that others write too, the memory before it, and a clock. */
function openMemory() {
  const standing = new Map<string, Person>([[ada.id, ada]]);
  const clock = { now: 5_000 };
  const reads: string[] = [];
  const commits: PromiseWithResolvers<{ result: 'done' }>[] = [];
  const read = async (found: Person | undefined) => {
    reads.push(found?.id ?? '');
    return found;
  };
  const database = {
    get: (_kind: unknown, id: string) => read(standing.get(id)),
    find: (_kind: unknown, _index: string, key: string) =>
      read([...standing.values()].find(({ email }) => email === key)),
    commit: () => {
      const commit = Promise.withResolvers<{ result: 'done' }>();
      commits.push(commit);
      return commit.promise;
    },
  } as object as Records;
  const memory = rememberRecords(database, { most: 10, milliseconds: 2_000, elapsed: () => clock.now });
  return { ...memory, standing, clock, reads, commits };
}

function byEmail(recent: RecentRecords, holds: (person: Person) => boolean = always): Promise<Person | undefined> {
  return recent.find(people, 'email', ada.email, holds);
}

test('what was read is given again for its time, counted from the begin of its reading, and is read anew after it', async () => {
  const { recent, clock, reads, standing } = openMemory();
  await recent.get(people, 'ada', always);
  standing.set('ada', { ...ada, version: 2 });
  clock.now += 1_999;
  assert.equal((await recent.get(people, 'ada', always))?.version, 1);
  assert.equal((await byEmail(recent))?.version, 1);
  assert.deepEqual(reads, ['ada']);
  clock.now += 2;
  assert.equal((await recent.get(people, 'ada', always))?.version, 2);
  assert.deepEqual(reads, ['ada', 'ada']);
});

test('what does not hold is told as it stands', async () => {
  const { recent, standing } = openMemory();
  await recent.get(people, 'ada', always);
  standing.set('ada', { ...ada, version: 2 });
  const isNew = ({ version }: Person) => version === 2;
  assert.equal((await recent.get(people, 'ada', isNew))?.version, 2);
  assert.equal((await byEmail(recent))?.version, 2);
  standing.delete('ada');
  assert.equal(await recent.get(people, 'ada', ({ version }) => version === 3), undefined);
});

test('what is absent is not remembered', async () => {
  const { recent, standing } = openMemory();
  assert.equal(await recent.get(people, 'bob', always), undefined);
  standing.set('bob', { ...ada, id: 'bob' });
  assert.equal((await recent.get(people, 'bob', always))?.id, 'bob');
});

test('from the begin of a commit of our own on, nothing older is given', async () => {
  const { records, recent, standing, commits } = openMemory();
  await recent.get(people, 'ada', always);
  const committing = records.commit([replace(people, ada)]);
  standing.set('ada', { ...ada, version: 2 });
  assert.equal((await recent.get(people, 'ada', always))?.version, 2);
  standing.set('ada', { ...ada, version: 3 });
  assert.equal((await recent.get(people, 'ada', always))?.version, 3);
  commits[0]?.resolve({ result: 'done' });
  await committing;
  assert.equal((await recent.get(people, 'ada', always))?.version, 3);
});

test('a read that a commit of our own overtook is not remembered', async () => {
  const { records, recent, standing, commits } = openMemory();
  const reading = recent.get(people, 'ada', always);
  const committing = records.commit([remove(people, ada)]);
  standing.delete('ada');
  commits[0]?.resolve({ result: 'done' });
  await committing;
  assert.equal((await reading)?.version, 1);
  assert.equal(await recent.get(people, 'ada', always), undefined);
});
