import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Announcements, type RecentRecords, rememberRecords, type WrittenRecord } from './recent-records.ts';
import { check, defineKind, insert, type Records, remove, replace, type Stored } from './records.ts';

interface Person extends Stored {
  readonly email: string;
}

const people = defineKind<Person>()('people', { email: 'unique' });
const others = defineKind<Stored>()('others', {});
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
  const told: (readonly WrittenRecord[])[] = [];
  let hear: Parameters<Announcements['listen']>[0] = () => assert.fail('nobody listens');
  const announcements: Announcements = {
    tell: (written) => void told.push(written),
    isHeard: () => true,
    listen(listener) {
      hear = listener;
    },
  };
  const memory = rememberRecords(database, {
    most: 10,
    milliseconds: 2_000,
    elapsed: () => clock.now,
    announcements,
    announced: [people],
  });
  return { ...memory, standing, clock, reads, commits, told, hear };
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

test('what another process says that it wrote is read anew, and what is being read of it meanwhile is not remembered', async () => {
  const { recent, reads, hear } = openMemory();
  await recent.get(people, 'ada', always);
  hear([{ kind: 'people', id: 'ada' }]);
  await recent.get(people, 'ada', always);
  assert.equal(reads.length, 2);
  const reading = recent.get(people, 'ada', ({ version }) => version > 1);
  hear([{ kind: 'people', id: 'ada' }]);
  await reading;
  await recent.get(people, 'ada', always);
  assert.equal(reads.length, 4);
  hear([{ kind: 'others', id: 'ada' }]);
  await recent.get(people, 'ada', always);
  assert.equal(reads.length, 4);
});

test('where something may have been missed all is read anew', async () => {
  const { recent, reads, hear } = openMemory();
  await recent.get(people, 'ada', always);
  hear(undefined);
  await recent.get(people, 'ada', always);
  assert.equal(reads.length, 2);
});

test('a commit of our own is told when it is over, as far as somebody may remember what it changed', async () => {
  const { records, commits, told } = openMemory();
  const committing = records.commit([
    replace(people, ada),
    insert(people, { ...ada, id: 'bob' }),
    check(people, ada),
    remove(others, { id: 'x', version: 1 }),
  ]);
  assert.deepEqual(told, []);
  commits[0]?.resolve({ result: 'done' });
  await committing;
  assert.deepEqual(told, [[{ kind: 'people', id: 'ada' }]]);
});
