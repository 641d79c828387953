import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { append, insert, type Records, replace } from '../../src/store/records.ts';
import { entryId, firstHash, hashOf, type Trail } from '../../src/store/trail.ts';
import { type Engine, shareOf } from './engine.ts';
import { commitDone, conflict, getExisting } from './expect.ts';
import { openGround } from './ground.ts';
import { type Line, line, lineKinds, note, notes } from './kinds.ts';

/** What appending to a trail gives: numbers without a gap, a chain that holds, in the commit of what it tells of. */
export function recordsAppending(engine: Engine): void {
  describe('appending', () => {
    appendingInOrder(engine);
    appendingWithChanges(engine);
    appendingAtOnce(engine);
  });
}

const start = '2026-01-01T00:00:00.000Z';

/** The whole trail of an organization. */
async function entriesOf(records: Records, organization: string): Promise<Line[]> {
  const all: Line[] = [];
  for (;;) {
    const last = all.at(-1);
    const after = last && { after: { key: organization, id: last.id } };
    const page: Line[] = await records.list(lineKinds.entries, 'organization_id', {
      prefix: organization,
      limit: 1_000,
      ...after,
    });
    if (page.length === 0) return all;
    all.push(...page);
  }
}

/** Fails unless the entries are numbered from 1 without a gap, each hashed over what it is and the one before. */
async function assertChained(records: Records, organization: string, count: number): Promise<Line[]> {
  const entries = await entriesOf(records, organization);
  let previous = firstHash;
  for (const [index, entry] of entries.entries()) {
    assert.equal(entry.sequence, index + 1);
    assert.equal(entry.id, entryId(organization, index + 1));
    assert.equal(entry.previous_hash, previous);
    assert.equal(entry.hash, hashOf({ ...entry }));
    previous = entry.hash;
  }
  assert.equal(entries.length, count);
  const trail = await records.get(lineKinds.trails, organization);
  const { time } = entries.at(-1) ?? {};
  assert.deepEqual(
    trail,
    count === 0
      ? undefined
      : { id: organization, version: count, sequence: count, time, hash: previous, pending_since: entries[0]?.time },
  );
  return entries;
}

function appendingInOrder(engine: Engine): void {
  test('entries are numbered and chained in their order, over commits and within one, each trail for itself', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    await commitDone(records, append(lineKinds, line('org_a', start, 'one')));
    await commitDone(
      records,
      append(lineKinds, line('org_a', start, 'two')),
      append(lineKinds, line('org_a', start, { deep: ['ü', 1.5, null, { b: 1, a: 2 }] })),
    );
    await commitDone(records, append(lineKinds, line('org_b', start, 'other')));
    const entries = await assertChained(records, 'org_a', 3);
    assert.deepEqual(
      entries.map(({ body }) => body),
      ['one', 'two', { deep: ['ü', 1.5, null, { b: 1, a: 2 }] }],
    );
    await assertChained(records, 'org_b', 1);
    await ground.reopen();
    await commitDone(ground.records, append(lineKinds, line('org_a', start, 'four')));
    await assertChained(ground.records, 'org_a', 4);
  });

  test('a time that lies before that of the entry before becomes that one', async () => {
    await using ground = await openGround(engine);
    const times = ['2026-01-01T00:00:02.000Z', '2026-01-01T00:00:01.000Z', '2026-01-01T00:00:03.000Z'];
    for (const time of times) await commitDone(ground.records, append(lineKinds, line('org_a', time, null)));
    const entries = await assertChained(ground.records, 'org_a', 3);
    assert.deepEqual(
      entries.map(({ time }) => time),
      [times[0], times[0], times[2]],
    );
  });

  test('what is about people and its salt can be taken away, and the chain holds', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    const personal = { email: 'a@example.com' };
    const kept = { personal, personal_salt: 'salt', personal_digest: 'digest' };
    await commitDone(records, append(lineKinds, { ...line('org_a', start, 1), ...kept }));
    await commitDone(records, append(lineKinds, line('org_a', start, 2)));
    const [first] = await assertChained(records, 'org_a', 2);
    assert.ok(first);
    assert.deepEqual(first.personal, personal);
    await commitDone(records, replace(lineKinds.entries, { ...first, personal: null, personal_salt: null }));
    await assertChained(records, 'org_a', 2);
  });

  test('a trail that ends tells from when it may be removed', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    const expires_at = '2027-01-01T00:00:00.000Z';
    await commitDone(records, append(lineKinds, line('org_a', start, 'first')));
    await commitDone(records, append(lineKinds, line('org_a', start, 'last'), expires_at));
    const ended: Trail[] = await records.list(lineKinds.trails, 'expires_at', { limit: 10 });
    assert.deepEqual(
      ended.map((trail) => [trail.id, trail.sequence, trail.expires_at]),
      [['org_a', 2, expires_at]],
    );
  });
}

function appendingWithChanges(engine: Engine): void {
  test('a commit that does not hold appends nothing, and the next entry has the number', async () => {
    await using ground = await openGround(engine);
    const { records } = ground;
    await commitDone(records, insert(notes, note('n')), append(lineKinds, line('org_a', start, 'made')));
    const stale = [replace(notes, { id: 'n', version: 9 }), append(lineKinds, line('org_a', start, 'never'))];
    assert.deepEqual(await records.commit(stale), conflict(notes, 'n'));
    await assertChained(records, 'org_a', 1);
    await commitDone(records, replace(notes, note('n')), append(lineKinds, line('org_a', start, 'changed')));
    await assertChained(records, 'org_a', 2);
    assert.equal((await getExisting(records, notes, 'n')).version, 2);
  });

  test('entries of two organizations in one commit are a fault of the program', async () => {
    await using ground = await openGround(engine);
    const both = [append(lineKinds, line('org_a', start, 1)), append(lineKinds, line('org_b', start, 1))];
    await assert.rejects(ground.records.commit(both), RangeError);
    await assertChained(ground.records, 'org_a', 0);
  });
}

function appendingAtOnce(engine: Engine): void {
  test('many commits at once that append to one trail are all done, without a gap or a double', async () => {
    await using ground = await openGround(engine);
    const count = shareOf(engine, 200);
    await Promise.all(
      Array.from({ length: count }, (_, number) =>
        commitDone(
          ground.recordsOf(number),
          insert(notes, note(`n${number}`)),
          append(lineKinds, line('org_a', start, number)),
        ),
      ),
    );
    const entries = await assertChained(ground.records, 'org_a', count);
    const bodies = entries.map(({ body }) => Number(body));
    assert.deepEqual(
      bodies.toSorted((a, b) => a - b),
      Array.from({ length: count }, (_, number) => number),
    );
  });
}
