import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countingIds } from './request-id.ts';

test('ids are not repeated, neither by one counter nor by another', () => {
  const counters = [countingIds(), countingIds()];
  const ids = counters.flatMap((next) => Array.from({ length: 1_000 }, next));
  assert.equal(new Set(ids).size, 2_000);
  for (const id of ids) assert.match(id, /^[a-z0-9]+-[a-z0-9]+$/);
});
