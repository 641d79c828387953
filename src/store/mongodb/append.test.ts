import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { done } from '../../../test/contract/expect.ts';
import { line, lineKinds } from '../../../test/contract/kinds.ts';
import { missing } from '../../../test/mongodb/address.ts';
import { openProxied } from '../../../test/mongodb/store.ts';
import { append, type Kind, type Records } from '../records.ts';

const time = '2026-01-01T00:00:00.000Z';

const kinds: readonly Kind[] = [lineKinds.entries as unknown as Kind, lineKinds.trails];

const appending = (records: Records, body: string) => records.commit([append(lineKinds, line('org_a', time, body))]);

/** What the trail says, in its order. */
async function told(records: Records): Promise<unknown[]> {
  const entries = await records.list(lineKinds.entries, 'organization_id', { prefix: 'org_a', limit: 100 });
  return entries.map(({ sequence, body }) => [sequence, body]);
}

// Several at once: a server keeps the transaction of one of them open for a minute, and its database with it.
suite('appending over a connection that is cut', { skip: missing, timeout: 180_000, concurrency: 4 }, () => {
  for (const command of ['find', 'insert', 'update', 'commitTransaction'] as const) {
    for (const side of ['cutBefore', 'cutAfter'] as const) {
      test(`an entry whose ${command} is ${side === 'cutBefore' ? 'cut off' : 'answered in vain'} stands once, and the next follows it`, async () => {
        await using ground = await openProxied(kinds);
        const { records } = ground.store;
        assert.deepEqual(await appending(records, 'first'), done);
        ground.proxy[side](command);
        assert.deepEqual(await appending(records, 'cut'), done);
        assert.deepEqual(await appending(records, 'last'), done);
        assert.deepEqual(await told(records), [
          [1, 'first'],
          [2, 'cut'],
          [3, 'last'],
        ]);
      });
    }
  }
});
