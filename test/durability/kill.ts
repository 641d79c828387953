import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Level, TenantPlace } from '../../src/store/documents.ts';
import type { Engine, OpenStore } from '../contract/engine.ts';
import { type Acknowledged, entriesOf, lanes, loadKinds, readLane } from './load.ts';
import { compareLane, documentLanes } from './load-documents.ts';

/** What the parent knows to be acknowledged, over all lives of the process. */
interface Journal {
  /** For each lane, its last acknowledged commit. */
  readonly counts: number[];
  /** For each lane of documents, its last acknowledged write. */
  readonly written: Map<Level, number>;
  /** The organizations of one life by their collections. */
  readonly collections: Map<string, { readonly place: TenantPlace; readonly stands: boolean }>;
}

/**
 * Kills a process that writes, again and again, each time after another number of acknowledgements, and compares what
 * stands with the journal. `TEST_ROUNDS` takes longer, `TEST_SEED` repeats the moments of a failure as far as they repeat.
 */
export function survivesKills(engine: Engine): void {
  const rounds = Number(process.env['TEST_ROUNDS'] ?? 10);
  const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 2 ** 31);
  const title = `${rounds} times killed under load, everything acknowledged is there and nothing by half`;
  test(`${engine.name}: ${title}`, { timeout: 30_000 + rounds * 10_000 }, async (context) => {
    context.diagnostic(`TEST_SEED=${seed}`);
    const moments = fc.sample(fc.integer({ min: 1, max: 400 }), { numRuns: rounds, seed });
    await using cleanup = new AsyncDisposableStack();
    const location = await engine.create();
    cleanup.defer(() => engine.destroy(location));
    const journal: Journal = { counts: Array(lanes).fill(0), written: new Map(), collections: new Map() };
    for (const [round, moment] of moments.entries()) {
      await writeUntilKilled(engine, location, { life: String(round), moment, journal, signal: context.signal });
      const store = await engine.open(location, { kinds: loadKinds });
      await compare(store, journal);
      await store.close();
    }
  });
}

interface Life {
  readonly life: string;
  /** After how many acknowledgements it is killed. */
  readonly moment: number;
  readonly journal: Journal;
  /** Ends it where the test ends early. */
  readonly signal: AbortSignal;
}

async function writeUntilKilled(
  engine: Engine,
  location: string,
  { life, moment, journal, signal }: Life,
): Promise<void> {
  const child = fork(new URL('./load-child.ts', import.meta.url), [engine.module, location, life], {
    execArgv: [],
    signal,
    killSignal: 'SIGKILL',
  });
  let left = moment;
  child.on('message', (acknowledged: Acknowledged) => {
    note(journal, acknowledged);
    left -= 1;
    if (left === 0) child.kill('SIGKILL');
  });
  // What it sent before its death still arrives, and was acknowledged as much as the rest.
  const [end] = await Promise.all([once(child, 'exit'), once(child, 'disconnect')]);
  assert.deepEqual(end, [null, 'SIGKILL'], 'the process ended before it was killed');
}

function note({ counts, written, collections }: Journal, acknowledged: Acknowledged): void {
  switch (acknowledged.type) {
    case 'committed':
      counts[acknowledged.lane] = acknowledged.count;
      return;
    case 'written':
      written.set(acknowledged.lane, acknowledged.count);
      return;
    case 'made':
    case 'dropped': {
      const { type, place } = acknowledged;
      collections.set(place.collection_name, { place, stands: type === 'made' });
    }
  }
}

/** Fails on the first difference; takes what stands beyond the journal into it, for it was read and so must stay. */
async function compare(store: OpenStore, journal: Journal): Promise<void> {
  await compareCommits(store, journal);
  for (const lane of documentLanes) {
    journal.written.set(lane, await compareLane(store, lane, journal.written.get(lane) ?? 0));
  }
  await compareCollections(store, journal);
}

async function compareCommits({ records }: OpenStore, { counts }: Journal): Promise<void> {
  for (const [lane, count] of counts.entries()) {
    const standing = await readLane(records, lane);
    assert.ok(standing.total >= count, `lane ${lane}: ${count} commits were acknowledged, ${standing.total} are there`);
    assert.ok(
      standing.total <= count + 1,
      `lane ${lane}: ${standing.total} commits are there, one after ${count} was begun`,
    );
    assert.equal(standing.copy, standing.total, `lane ${lane}: a commit is there by half`);
    assert.deepEqual(standing.entries, entriesOf(lane, standing.total));
    counts[lane] = standing.total;
  }
}

async function compareCollections({ documents }: OpenStore, { collections }: Journal): Promise<void> {
  const made = [...collections.keys()].filter((name) => collections.get(name)?.stands);
  for (const [collection, { place, stands }] of collections) {
    // The one made last but one may have been in its drop.
    if (collection === made.at(-2)) continue;
    assert.equal(await documents.hasCollection(place, collection), stands, `${collection} was acknowledged otherwise`);
  }
  collections.clear();
}
