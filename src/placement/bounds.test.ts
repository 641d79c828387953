import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundsOf } from './bounds.ts';

test('a cluster has the bound of its name, else that of all, else what is usual for its kind', () => {
  const set = {
    collections: { others: 5, own: new Map([['main', 9]]) },
    databases: { others: undefined, own: new Map([['east', 1]]) },
  };
  assert.deepEqual(boundsOf({ name: 'main', kind: 'mongodb' }, set), { collections: 9, databases: 1_000 });
  assert.deepEqual(boundsOf({ name: 'east', kind: 'embedded' }, set), { collections: 5, databases: 1 });
  assert.deepEqual(boundsOf({ name: 'west', kind: 'embedded' }, { collections: undefined, databases: undefined }), {
    collections: Number.POSITIVE_INFINITY,
    databases: Number.POSITIVE_INFINITY,
  });
});
