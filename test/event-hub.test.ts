import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { events, recording } from '../src/events/event.ts';
import { createEventHub, type EventHub, type EventReader } from '../src/events/hub.ts';
import { wait } from '../src/organizations/wait.ts';
import type { Records } from '../src/store/records.ts';
import { engines } from './engines.ts';
import { intercept, unavailable } from './intercept.ts';
import { soon } from './soon.ts';
import { byTest, openTenancy, type TestTenancy } from './tenancy.ts';

const acme = 'org_acme';

/** A reader that takes all at once, and tells when it has so many. */
function takingReader(): EventReader & { readonly sequences: number[]; has(count: number): Promise<void> } {
  const sequences: number[] = [];
  let waiting: { readonly count: number; readonly resolve: () => void } | undefined;
  return {
    sequences,
    send(bytes) {
      sequences.push(...[...String(bytes).matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)));
      if (waiting !== undefined && sequences.length >= waiting.count) waiting.resolve();
      return true;
    },
    whenReady: () => Promise.resolve(),
    end() {},
    has(count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting = { count, resolve };
      if (sequences.length >= count) resolve();
      return soon(promise, `${count} events; there are ${sequences.length}`);
    },
  };
}

for (const engine of engines) {
  /** A hub of its own, told of each read of events before it is done. */
  const hubOf = ({ tenancy }: TestTenancy, onRead: () => void): EventHub => {
    const records: Records = intercept(tenancy.records, 'list', async (forward, kind) => {
      if (kind.name === events.name) onRead();
      return await forward();
    });
    // Where others committed, it would be told all the same.
    return createEventHub({ records, isShared: false, log: tenancy.log, wait: (_, signal) => wait(1, signal) });
  };

  const append = async ({ records }: EventHub, count: number): Promise<void> => {
    const happening = { type: 'collection.created', data: { name: 'things' } } as const;
    const made = Array.from({ length: count }, () => recording(byTest, acme, happening, new Date()));
    assert.deepEqual(await records.commit(made), { result: 'done' });
  };

  describe(`the hub of events on the ${engine.name} engine`, { timeout: 60_000 }, () => {
    test('reads the events of an organization once for all who follow them, and no others', async () => {
      await using opened = await openTenancy({ engine });
      let reads = 0;
      const hub = hubOf(opened, () => {
        reads += 1;
      });
      await append(hub, 1);
      assert.equal(reads, 0);
      const readers = Array.from({ length: 100 }, takingReader);
      using following = new DisposableStack();
      for (const reader of readers) following.defer(hub.follow(acme, 0, reader));
      await Promise.all(readers.map((reader) => reader.has(1)));
      await append(hub, 1);
      await Promise.all(readers.map((reader) => reader.has(2)));
      const before = reads;
      await append(hub, 3);
      await Promise.all(readers.map((reader) => reader.has(5)));
      assert.ok(reads - before <= 2, `${reads - before} reads`);
      for (const { sequences } of readers) assert.deepEqual(sequences, [1, 2, 3, 4, 5]);
      following.dispose();
      const left = reads;
      await append(hub, 1);
      assert.equal(reads, left);
    });

    test('leaves nothing out where the storage could not be read for a while, for who catches up or follows', async () => {
      await using opened = await openTenancy({ engine });
      let failing = 3;
      const hub = hubOf(opened, () => {
        failing -= 1;
        if (failing >= 0) throw unavailable();
      });
      for (let commits = 0; commits < 12; commits += 1) await append(hub, 10);
      const [first, second] = [takingReader(), takingReader()];
      using following = new DisposableStack();
      following.defer(hub.follow(acme, 0, first));
      following.defer(hub.follow(acme, 70, second));
      await Promise.all([first.has(120), second.has(50)]);
      failing = 3;
      await append(hub, 1);
      await Promise.all([first.has(121), second.has(51)]);
      const all = Array.from({ length: 121 }, (_, index) => index + 1);
      assert.deepEqual(first.sequences, all);
      assert.deepEqual(second.sequences, all.slice(70));
      assert.ok(opened.logged.some(({ message }) => message.startsWith('events could not be read')));
    });
  });
}
