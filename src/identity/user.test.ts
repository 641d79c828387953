import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newUserId } from './user.ts';

test('the ids of users are TypeIDs of their own prefix, and differ', () => {
  const ids = Array.from({ length: 100 }, newUserId);
  for (const id of ids) assert.match(id, /^usr_[0-7][0-9a-hjkmnp-tv-z]{25}$/);
  assert.equal(new Set(ids).size, ids.length);
});
