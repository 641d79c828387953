import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRecordCache } from './record-cache.ts';
import { defineKind, type Kind, type Stored } from './records.ts';

interface Person extends Stored {
  readonly email: string;
  readonly city?: string;
}

const people: Kind = defineKind<Person>()('people', { email: 'unique', city: 'many' });

function person(id: string, email: string, version = 1): Person {
  return { id, version, email, city: 'Berne' };
}

test('a record is found by its id and its unique keys, and by no other member', () => {
  const cache = createRecordCache(people, 10);
  const record = person('a', 'one');
  cache.put(record);
  assert.equal(cache.byId('a'), record);
  assert.equal(cache.byIndex('email', 'one'), record);
  assert.equal(cache.byIndex('city', 'Berne'), undefined);
  assert.equal(cache.byIndex('email', 'a'), undefined);
});

test('a record read again with another key is not found by the old one, which may be of another record then', () => {
  const cache = createRecordCache(people, 10);
  cache.put(person('a', 'one'));
  cache.put(person('a', 'two', 2));
  assert.equal(cache.byIndex('email', 'one'), undefined);
  const other = person('b', 'one');
  cache.put(other);
  cache.put(person('a', 'three', 3));
  assert.equal(cache.byIndex('email', 'one'), other);
});

test('from the begin of a commit to the answer of the last that touches it, a record is read from the database', () => {
  const cache = createRecordCache(people, 10);
  cache.put(person('a', 'one'));
  cache.touch('a');
  cache.touch('a');
  for (const settle of [() => {}, () => cache.settle('a')]) {
    settle();
    cache.put(person('a', 'one'));
    assert.equal(cache.byId('a'), undefined);
    assert.equal(cache.byIndex('email', 'one'), undefined);
  }
  cache.settle('a');
  const record = person('a', 'one', 3);
  cache.put(record);
  assert.equal(cache.byId('a'), record);
});

test('what was used longest ago gives room, with its keys', () => {
  const cache = createRecordCache(people, 2);
  for (const name of ['a', 'b']) cache.put(person(name, `${name}@example.com`));
  cache.byIndex('email', 'a@example.com');
  cache.put(person('c', 'c@example.com'));
  assert.equal(cache.byIndex('email', 'b@example.com'), undefined);
  assert.deepEqual(
    ['a', 'b', 'c'].filter((id) => cache.byId(id) !== undefined),
    ['a', 'c'],
  );
});
