import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { makeTenant } from '../../../test/contract/documents-tenants.ts';
import { documentOf, insertAll, listPage } from '../../../test/contract/documents-writes.ts';
import { missing } from '../../../test/mongodb/address.ts';
import { openProxied, type ProxiedStore } from '../../../test/mongodb/store.ts';
import type { StoredDocument, TenantPlace } from '../documents.ts';

const mebibyte = 1024 * 1024;

/** A document of about this size. */
function sized(id: string, bytes: number): StoredDocument {
  return documentOf(id, { id, text: 'x'.repeat(bytes) });
}

async function openTenant({ store }: ProxiedStore, documents: readonly StoredDocument[]): Promise<TenantPlace> {
  const place = await makeTenant(store.documents, { level: 'pooled', collection_name: 'org_acme' });
  for (let from = 0; from < documents.length; from += 8) {
    await insertAll(store.documents, place, documents.slice(from, from + 8));
  }
  return place;
}

suite('a page of documents', { skip: missing, timeout: 60_000 }, () => {
  test('of large ones reads about as much from the server as it gives', async () => {
    await using ground = await openProxied([]);
    const { proxy, store } = ground;
    const large = Array.from({ length: 24 }, (_, n) => sized(`d${10 + n}`, 0.7 * mebibyte));
    const place = await openTenant(ground, large);
    const before = proxy.answered();
    const page = await listPage(store.documents, place, { bytes: 4 * mebibyte });
    assert.deepEqual(page.documents, large.slice(0, 5));
    const read = proxy.answered() - before;
    assert.ok(read < 6 * mebibyte, `${read} bytes were read`);
  });

  test('of a thousand small ones takes three requests', async () => {
    await using ground = await openProxied([]);
    const { proxy, store } = ground;
    const place = await makeTenant(store.documents, { level: 'pooled', collection_name: 'org_acme' });
    const small = Array.from({ length: 1_000 }, (_, n) => sized(`d${1_000 + n}`, 1_000));
    await insertAll(store.documents, place, small);
    await insertAll(store.documents, place, [sized('e', 1)]);
    const before = proxy.seen('find') + proxy.seen('getMore');
    const page = await listPage(store.documents, place, { bytes: 4 * mebibyte });
    assert.deepEqual(page.documents, small);
    assert.equal(page.next, 's:d1999');
    assert.equal(proxy.seen('find') + proxy.seen('getMore') - before, 3);
  });
});

suite('documents of several ids', { skip: missing, timeout: 60_000 }, () => {
  test('are made of what was read in slices, others in between', async (context) => {
    await using ground = await openProxied([]);
    const all = Array.from({ length: 24 }, (_, n) => sized(`d${10 + n}`, 100));
    const place = await openTenant(ground, all);
    // Each looks as if it took the time of a slice.
    let milliseconds = 0;
    context.mock.method(performance, 'now', () => {
      milliseconds += 1;
      return milliseconds;
    });
    const awaited = context.mock.method(globalThis, 'setImmediate');
    const ids = all.map(({ id }) => id);
    assert.deepEqual(await ground.store.documents.getMany(place, 'default', ids), all);
    const slices = awaited.mock.calls.filter(({ arguments: [awaiting] }) => awaiting.name === 'begin');
    assert.equal(slices.length, all.length);
  });
});
