import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Stage } from './documents-tenants.ts';
import {
  allAtOnce,
  documentOf,
  documentsOf,
  insertAll,
  insertion,
  lateEnd,
  nextOf,
  nothing,
  readAll,
  removal,
  replacement,
  usageOf,
  writeDone,
} from './documents-writes.ts';
import { shareOf } from './engine.ts';

/** That counting anew finds what the slots have; every case of the other suites ends with it too. */
export function documentsRecounting(stage: Stage): void {
  describe('recounting', () => {
    test('a recount finds what the slots have, and changes no count', async (context) => {
      const tenants = stage.begin(context);
      const { documents } = tenants;
      const [acme, foreign] = [await tenants.make('acme'), await tenants.make('acme_2')];
      assert.deepEqual(await documents.recount(acme), { counted: nothing, slots: nothing });
      const [stored, others] = [documentsOf(20), [documentOf('a', { text: 'äöü 😀' })]];
      await insertAll(documents, acme, stored);
      await insertAll(documents, acme, others, 'users');
      await insertAll(documents, foreign, others);
      const usage = usageOf([...stored, ...others]);
      for (const turn of [0, 1]) {
        assert.deepEqual(await tenants.documentsOf(turn).recount(acme), { counted: usage, slots: usage });
        assert.deepEqual(await documents.usage(acme), usage);
        assert.deepEqual(await documents.usage(acme, 'default'), usageOf(stored));
        assert.deepEqual(await documents.usage(acme, 'users'), usageOf(others));
      }
      assert.deepEqual(await documents.usage(foreign), usageOf(others));
      assert.equal(await documents.removeSome(acme, 'default', 1_000, lateEnd()), 20);
      assert.deepEqual(await documents.recount(acme), { counted: usageOf(others), slots: usageOf(others) });
    });

    test('a recount beside writes counts each of them once, and hinders none', async (context) => {
      const tenants = stage.begin(context);
      const acme = await tenants.make();
      const writers = shareOf(stage.engine, 40);
      const writing = allAtOnce(writers, async (number) => {
        const documents = tenants.documentsOf(number);
        const collection = number % 3 === 0 ? 'users' : 'default';
        const [a, b] = [documentOf(`a${number}`), documentOf(`b${number}`)];
        const next = nextOf(a, { text: 'x'.repeat(number) });
        await writeDone(documents, acme, [insertion(a), insertion(b)], { collection });
        await writeDone(documents, acme, [replacement(a, next)], { collection });
        await writeDone(documents, acme, [removal(b)], { collection });
      });
      let isWriting = true;
      const recounting = allAtOnce(2, async (turn) => {
        do {
          const { counted, slots } = await tenants.documentsOf(turn).recount(acme);
          assert.deepEqual(slots, counted);
          // A recount that is answered at once would let nothing else run.
          await nextTurn();
        } while (isWriting);
      });
      await writing.finally(() => {
        isWriting = false;
      });
      await recounting;
      const stored = [
        ...(await readAll(tenants.documents, acme)),
        ...(await readAll(tenants.documents, acme, 'users')),
      ];
      assert.equal(stored.length, writers);
      assert.deepEqual(await tenants.documents.usage(acme), usageOf(stored));
    });
  });
}
