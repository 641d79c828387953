import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Documents, StoredDocument, TenantPlace } from '../store/documents.ts';
import { mostStandingBytes, readStanding } from './standing.ts';

const place = { organization: 'org_a' } as TenantPlace;

/** Documents of so many bytes at every id, and how many were asked for at once. */
function standingOf(bytes: (id: string) => number): { readonly documents: Documents; readonly asked: number[] } {
  const asked: number[] = [];
  const at = new Date(0).toISOString();
  const getMany: Documents['getMany'] = async (_place, _collection, ids) => {
    asked.push(ids.length);
    return ids.map((id): StoredDocument => {
      return { id, version: 1, created_at: at, updated_at: at, members: 'x'.repeat(bytes(id)) };
    });
  };
  return { documents: { getMany } as Documents, asked };
}

const ids = (count: number) => Array.from({ length: count }, (_, number) => String(number));

test('of what stands no more than twice the bound is in memory before it is found to be too much, wherever the large ones are', async () => {
  for (const small of [0, 500]) {
    const { documents, asked } = standingOf((id) => (Number(id) < small ? 100 : 1_048_576));
    assert.equal(await readStanding({ documents }, place, 'c', ids(1_000)), undefined);
    const read = asked.reduce((sum, count) => sum + count) - small;
    assert.ok(read * 1_048_576 <= 2 * mostStandingBytes, asked.join());
  }
});

test('what stands is read in parts, each once, and given whole', async () => {
  const { documents, asked } = standingOf(() => 100);
  const standing = await readStanding({ documents }, place, 'c', ids(1_000));
  assert.deepEqual([...(standing?.keys() ?? [])], ids(1_000));
  assert.deepEqual(asked, [...Array(31).fill(32), 8]);
});

test('one document that stands is read, however large', async () => {
  const { documents } = standingOf(() => mostStandingBytes + 1);
  assert.equal((await readStanding({ documents }, place, 'c', ids(1)))?.size, 1);
});
