import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredDocument } from '../store/documents.ts';
import { checkDocumentId, etagOf, newDocumentId, textOf } from './document.ts';

const document: StoredDocument = {
  id: 'a',
  version: 2,
  created_at: '2030-01-01T00:00:00.000Z',
  updated_at: '2030-01-02T00:00:00.000Z',
  members: '{"title":"A"}',
};

test('the members of the service come first, and no text is made of what another program left out', () => {
  const own =
    '"_id":"a","_version":2,"_created_at":"2030-01-01T00:00:00.000Z","_updated_at":"2030-01-02T00:00:00.000Z"';
  assert.equal(textOf(document), `{${own},"title":"A"}`);
  assert.equal(textOf({ ...document, members: '{}' }), `{${own}}`);
  const foreign = { id: 'ä"', version: 0, created_at: undefined, updated_at: undefined, members: '{"x":1}' };
  assert.equal(textOf(foreign), '{"_id":"ä\\"","_version":0,"x":1}');
});

test('whatever differs, the tag does', () => {
  const others: Partial<StoredDocument>[] = [
    {},
    { id: 'b' },
    { version: 3 },
    { created_at: '2030-01-01T00:00:00.001Z' },
    { updated_at: '2030-01-02T00:00:00.001Z' },
    { members: '{"title":"B"}' },
    { members: '{}' },
  ];
  const tags = new Set(others.map((other) => etagOf({ ...document, ...other })));
  assert.equal(tags.size, others.length);
  assert.equal(etagOf({ ...document }), etagOf(document));
  for (const tag of tags) assert.match(tag, /^"[\w-]{43}"$/);
});

test('an id is 1 to 128 unreserved characters that a path can hold', () => {
  for (const id of ['a', '-', '...', '.a', 'a.', '~_-.', 'A'.repeat(128), newDocumentId(), '__proto__']) {
    assert.equal(checkDocumentId(id), undefined, id);
  }
  for (const id of ['', '.', '..', 'a/b', 'a b', 'ä', 'a\n', '\na', 'A'.repeat(129), 'a\0', '%61', '$', '*']) {
    assert.match(checkDocumentId(id) ?? '', /^must be 1 to 128 of/, JSON.stringify(id));
  }
});

test('new ids sort by the time they were made', () => {
  const ids = Array.from({ length: 1_000 }, newDocumentId);
  assert.deepEqual(ids.toSorted(), ids);
  assert.equal(new Set(ids).size, ids.length);
});
