import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { makeTenant } from '../../../test/contract/documents-tenants.ts';
import { documentsOf, insertion, write } from '../../../test/contract/documents-writes.ts';
import { kinds } from '../../../test/contract/kinds.ts';
import { engine } from '../../../test/contract/mongodb.ts';
import { missing } from '../../../test/mongodb/address.ts';
import type { Usage } from '../documents.ts';
import { QuotaGate } from './quota-gate.ts';

suite('a quota', { skip: missing, timeout: 120_000 }, () => {
  test('holds for the writes that one instance has in work together, and is used up to its last document', async () => {
    const location = await engine.create();
    const { documents, close } = await engine.open(location, { kinds });
    try {
      const place = await makeTenant(documents, { level: 'collection', collection_name: 'org_acme' });
      const quota = { documents: 100 };
      const outcomes = await Promise.all(
        Array.from({ length: 24 }, (_, number) =>
          write(documents, place, documentsOf(10, `${number}-`).map(insertion), { quota }),
        ),
      );
      const results = Map.groupBy(outcomes, ({ result }) => result);
      assert.deepEqual([results.get('done')?.length, results.get('full')?.length], [10, 14]);
      assert.equal((await documents.usage(place)).documents, 100);
    } finally {
      await close();
      await engine.destroy(location);
    }
  });
});

test('a write near the quota waits for those in work, and is let in where they come to nothing', async () => {
  const gate = new QuotaGate();
  let counted: Usage = { documents: 8, bytes: 0 };
  const asked = { added: { documents: 2, bytes: 5 }, quota: { documents: 10 }, read: async () => counted };
  const first = await gate.admit('a', asked);
  assert.ok(first?.passed === undefined && first !== undefined);
  const second = gate.admit('a', asked);
  // Another organization has nothing to do with it.
  assert.ok((await gate.admit('b', asked))?.passed === undefined);
  // One that does not wait is refused.
  assert.deepEqual(await gate.admit('a', { ...asked, isPatient: false }), { passed: 'documents', usage: counted });
  first.release();
  const admitted = await second;
  assert.ok(admitted?.passed === undefined && admitted !== undefined);
  counted = { documents: 10, bytes: 10 };
  admitted.release();
  assert.deepEqual(await gate.admit('a', asked), { passed: 'documents', usage: counted });
  const removing = { ...asked, added: { documents: -1, bytes: 3 } };
  assert.ok((await gate.admit('a', removing))?.passed === undefined, 'what adds nothing that is bounded is let in');
});
