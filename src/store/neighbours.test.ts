import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNeighbours } from './neighbours.ts';

test('an organization is alone until another is seen, and again a second after it was', () => {
  const { see } = createNeighbours();
  assert.equal(see('a', 0), false);
  assert.equal(see('a', 5_000), false);
  assert.equal(see('b', 5_500), true);
  assert.equal(see('b', 5_999), true);
  assert.equal(see('b', 6_000), false);
  assert.equal(see('b', 7_000), false);
  assert.equal(see('a', 8_000), false);
  assert.equal(see('b', 8_001), true);
});
