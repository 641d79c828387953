import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { check, insert, type Records, remove, replace } from '../../src/store/records.ts';
import { type Engine, shareOf } from './engine.ts';
import { commitDone, getExisting, tally } from './expect.ts';
import { openGround } from './ground.ts';
import { drafts, type Note, note, notes } from './kinds.ts';

/** What holds when many do it at once, through every store that is open on the data. */
export function recordsRacing(engine: Engine): void {
  describe('racing', () => {
    racingForOneRecord(engine);
    racingForOneKey(engine);
    racingOverTwoRecords(engine);
    readingBesideCommits(engine);
  });
}

/** Starts `count` of them before the first can end, and waits for all. */
function allAtOnce<T>(count: number, start: (number: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, number) => start(number)));
}

function racingForOneRecord(engine: Engine): void {
  test('of many commits that replace one version of a record, one is done and the others are conflicts', async () => {
    await using ground = await openGround(engine);
    await commitDone(ground.records, insert(notes, note('n')));
    for (const version of [1, 2, 3]) {
      const outcomes = await allAtOnce(shareOf(engine, 500), (number) =>
        ground.recordsOf(number).commit([replace(notes, { id: 'n', version, body: number })]),
      );
      assert.deepEqual(tally(outcomes), { done: 1, duplicate: 0, conflict: shareOf(engine, 500) - 1 });
      const winner = outcomes.findIndex((outcome) => outcome.result === 'done');
      assert.deepEqual(await ground.records.get(notes, 'n'), { id: 'n', version: version + 1, body: winner });
    }
  });

  test('no update is lost: many counters of one record, each of which reads and replaces again until it is done', async () => {
    await using ground = await openGround(engine);
    const counters = shareOf(engine, 25);
    await commitDone(ground.records, insert(notes, note('n', { body: 0 })));
    await allAtOnce(counters, async (number) => {
      for (let count = 0; count < 8; count += 1) await countUp(ground.recordsOf(number));
    });
    assert.deepEqual(await ground.records.get(notes, 'n'), { id: 'n', version: counters * 8 + 1, body: counters * 8 });
  });

  test('of a replace, a removal and a replace behind a check of one version, one is done', async () => {
    await using ground = await openGround(engine);
    for (let round = 0; round < shareOf(engine, 20); round += 1) {
      const seen = note(`n${round}`);
      await commitDone(ground.records, insert(notes, seen));
      const changes = [[replace(notes, seen)], [remove(notes, seen)], [check(notes, seen), replace(notes, seen)]];
      const outcomes = await Promise.all(changes.map((commit, number) => ground.recordsOf(number).commit(commit)));
      assert.deepEqual(tally(outcomes), { done: 1, duplicate: 0, conflict: 2 });
      const left = await ground.records.get(notes, seen.id);
      assert.deepEqual(left, outcomes[1]?.result === 'done' ? undefined : { id: seen.id, version: 2 });
    }
  });
}

async function countUp(records: Records): Promise<void> {
  for (;;) {
    const seen = await getExisting(records, notes, 'n');
    const outcome = await records.commit([replace(notes, { ...seen, body: Number(seen.body) + 1 })]);
    if (outcome.result === 'done') return;
    assert.equal(outcome.result, 'conflict');
  }
}

function racingForOneKey(engine: Engine): void {
  test('of many records inserted at once with one unique key, one is stored', async () => {
    await using ground = await openGround(engine);
    const outcomes = await allAtOnce(shareOf(engine, 200), (number) =>
      ground.recordsOf(number).commit([insert(notes, note(`n${number}`, { alias: 'key', topic: 't' }))]),
    );
    assert.deepEqual(tally(outcomes), { done: 1, duplicate: shareOf(engine, 200) - 1, conflict: 0 });
    for (const outcome of outcomes) if (outcome.result === 'duplicate') assert.equal(outcome.index, 'alias');
    const stored = await ground.records.list(notes, 'topic', { limit: 1_000 });
    assert.deepEqual(
      stored.map((record) => record.id),
      [`n${outcomes.findIndex((outcome) => outcome.result === 'done')}`],
    );
  });

  test('of many records inserted at once with one id, one is stored', async () => {
    await using ground = await openGround(engine);
    const outcomes = await allAtOnce(shareOf(engine, 200), (number) =>
      ground.recordsOf(number).commit([insert(notes, note('n', { body: number }))]),
    );
    assert.deepEqual(tally(outcomes), { done: 1, duplicate: shareOf(engine, 200) - 1, conflict: 0 });
    const winner = outcomes.findIndex((outcome) => outcome.result === 'done');
    assert.equal((await getExisting(ground.records, notes, 'n')).body, winner);
  });

  test('the losers of a key leave nothing: what they would have inserted beside it is not there', async () => {
    await using ground = await openGround(engine);
    const outcomes = await allAtOnce(shareOf(engine, 100), (number) =>
      ground
        .recordsOf(number)
        .commit([
          insert(drafts, note(`d${number}`, { topic: 't' })),
          insert(notes, note(`n${number}`, { slug: `key${number % 10}`, topic: 't' })),
          insert(drafts, note(`e${number}`, { topic: 't' })),
        ]),
    );
    assert.deepEqual(tally(outcomes), { done: 10, duplicate: shareOf(engine, 100) - 10, conflict: 0 });
    const winners = [...outcomes.keys()].filter((number) => outcomes[number]?.result === 'done').map(String);
    const left = await ground.records.list(drafts, 'topic', { limit: 1_000 });
    const expected = winners.flatMap((number) => [`d${number}`, `e${number}`]).sort();
    assert.deepEqual(left.map((record) => record.id).sort(), expected);
  });
}

function racingOverTwoRecords(engine: Engine): void {
  test('of two commits that each check what the other replaces, one is done', async () => {
    await using ground = await openGround(engine);
    for (let round = 0; round < 50; round += 1) {
      const [left, right] = [note(`l${round}`), note(`r${round}`)];
      await commitDone(ground.records, insert(notes, left), insert(drafts, right));
      const outcomes = await Promise.all([
        ground.recordsOf(0).commit([check(notes, left), replace(drafts, right)]),
        ground.recordsOf(1).commit([check(drafts, right), replace(notes, left)]),
      ]);
      assert.deepEqual(tally(outcomes), { done: 1, duplicate: 0, conflict: 1 });
    }
  });

  test('commits that change the same records in opposite orders all end, each done or a conflict', async () => {
    await using ground = await openGround(engine);
    await commitDone(ground.records, insert(notes, note('a')), insert(notes, note('b')));
    for (let version = 1; version <= shareOf(engine, 30); version += 1) {
      const changes = ['a', 'b'].map((id) => replace(notes, { id, version }));
      const outcomes = await allAtOnce(6, (number) =>
        ground.recordsOf(number).commit(number % 2 === 0 ? changes : changes.toReversed()),
      );
      assert.deepEqual(tally(outcomes), { done: 1, duplicate: 0, conflict: 5 });
    }
  });
}

function readingBesideCommits(engine: Engine): void {
  test('no reader sees a part of a commit, nor anything of one that did not hold', async () => {
    await using ground = await openGround(engine);
    await commitDone(ground.records, ...['a', 'z'].map((id) => insert(notes, note(id, { topic: 't', body: 0 }))));
    const commits = shareOf(engine, 200);
    const writing = new AbortController();
    const readers = [0, 1, 2].map((turn) => readUntil(writing.signal, () => assertWhole(ground.recordsOf(turn))));
    await writePairs((turn) => ground.recordsOf(turn), commits).finally(() => writing.abort());
    for (const reads of await Promise.all(readers)) assert.ok(reads > 1, 'the reader ran beside the commits');
    assert.deepEqual(
      (await ground.records.getMany(notes, ['a', 'z'])).map((record) => record.body),
      [commits, commits],
    );
  });
}

/** Reads again and again, and lets other work go on between: a promise that is settled already lets nothing else run. */
async function readUntil(signal: AbortSignal, read: () => Promise<void>): Promise<number> {
  let reads = 0;
  while (!signal.aborted) {
    await read();
    reads += 1;
    await setImmediate();
  }
  return reads;
}

/** The two records carry the same number, and nothing of a commit that did not hold is between them. */
async function assertWhole(records: Records): Promise<void> {
  const numbers = (read: readonly Note[]) => read.map((record) => `${record.body} at ${record.version}`);
  for (const read of [await records.getMany(notes, ['a', 'z']), await records.list(notes, 'topic', { limit: 10 })]) {
    const [first, last] = numbers(read);
    assert.equal(read.length, 2);
    assert.equal(first, last);
  }
}

/** Commits that change both records, each beside two that would break the pair and do not hold. */
async function writePairs(recordsOf: (turn: number) => Records, commits: number): Promise<void> {
  for (let version = 1; version <= commits; version += 1) {
    const [a, z] = ['a', 'z'].map((id) => ({ id, version, topic: 't', body: version }));
    assert.ok(a && z);
    const broken = [
      replace(notes, { ...a, body: 'broken' }),
      insert(notes, note('m', { topic: 't' })),
      check(notes, note('nobody')),
    ];
    const outcomes = await Promise.all([
      recordsOf(version).commit(broken),
      recordsOf(version + 1).commit([replace(notes, a), replace(notes, z)]),
      recordsOf(version + 2).commit(broken.slice(1)),
    ]);
    assert.deepEqual(tally(outcomes), { done: 1, duplicate: 0, conflict: 2 });
  }
}
