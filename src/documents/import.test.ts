import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { byTest, openTenancy, signUp } from '../../test/tenancy.ts';
import { organizations } from '../organizations/organization.ts';
import { importDocuments } from './import.ts';
import type { ImportLine } from './import-line.ts';

test('of many imports at once one reads a slice of its lines in a turn of the event loop', async (context) => {
  await using opened = await openTenancy();
  const { tenancy } = opened;
  const { caller } = await signUp(tenancy, 'Acme');
  const organization = await tenancy.records.get(organizations, caller.organization_id);
  if (organization === undefined) throw new Error('it was created');
  // Each line looks as if it took the time of a slice.
  let milliseconds = 0;
  context.mock.method(performance, 'now', () => {
    milliseconds += 1;
    return milliseconds;
  });
  let [read, most] = [0, 0];
  function* lines(part: number): Generator<ImportLine, void, void> {
    for (let number = 1; number <= 20; number += 1) {
      read += 1;
      yield { number, value: { collection: 'default', document: { _id: `d-${part}-${number}`, number } } };
    }
  }
  let isDone = false;
  const all = Promise.all(
    Array.from({ length: 8 }, (_, part) => importDocuments(tenancy, organization, lines(part), byTest)),
  ).finally(() => {
    isDone = true;
  });
  while (!isDone) {
    const before = read;
    await turnOfLoop();
    most = Math.max(most, read - before);
  }
  assert.deepEqual(
    (await all).map(({ stored }) => stored),
    Array(8).fill(20),
  );
  assert.equal(read, 160);
  assert.equal(most, 1);
});
