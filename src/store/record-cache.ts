import { LRUCache } from 'lru-cache';
import type { Kind, Stored } from './records.ts';

/**
 * The records of a kind that were used last. Where this process alone writes them it is never behind the database: a
 * record that a commit touches is taken out before the commit begins and stays out until its answer, so that meanwhile
 * everyone reads what the database has. What is absent is not kept.
 */
export interface RecordCache {
  byId(id: string): Stored | undefined;
  byIndex(index: string, key: string): Stored | undefined;
  /**
   * Keeps a record that was just read.
   *
   * @param begun when the reading of it began, by the clock of the `Lifetime`; needed where there is one
   */
  put(record: Stored, begun?: number): void;
  /** Another process has changed the record. */
  forget(id: string): void;
  /** Others may have changed any of them. */
  forgetAll(): void;
  /** A commit that touches the record begins; `settle` follows. */
  touch(id: string): void;
  settle(id: string): void;
}

/** How long records are kept that others may write. */
export interface Lifetime {
  readonly milliseconds: number;
  /** A clock that never goes back, in milliseconds. */
  readonly elapsed: () => number;
}

/** An empty cache for a kind, of at most so many records. */
export function createRecordCache(kind: Kind, most: number, lifetime?: Lifetime): RecordCache {
  const unique = Object.keys(kind.indexes).filter((member) => kind.indexes[member] === 'unique');
  const idsByKey = new Map(unique.map((member) => [member, new Map<string, string>()]));
  const touched = new Map<string, number>();

  function eachKey(record: Stored, visit: (ids: Map<string, string>, key: string) => void): void {
    for (const [member, ids] of idsByKey) {
      const key = (record as Stored & Record<string, unknown>)[member];
      if (typeof key === 'string') visit(ids, key);
    }
  }

  const records = new LRUCache<string, Stored>({
    max: most,
    ...(lifetime && { ttl: lifetime.milliseconds, ttlResolution: 0, perf: { now: lifetime.elapsed } }),
    dispose: (record, id) => eachKey(record, (ids, key) => ids.get(key) === id && ids.delete(key)),
  });
  return {
    byId: (id) => records.get(id),
    byIndex(index, key) {
      const id = idsByKey.get(index)?.get(key);
      return id === undefined ? undefined : records.get(id);
    },
    put(record, begun) {
      if (touched.has(record.id)) return;
      records.set(record.id, record, begun === undefined ? {} : { start: begun });
      eachKey(record, (ids, key) => ids.set(key, record.id));
    },
    forget(id) {
      records.delete(id);
    },
    forgetAll: () => records.clear(),
    touch(id) {
      records.delete(id);
      touched.set(id, (touched.get(id) ?? 0) + 1);
    },
    settle(id) {
      const others = (touched.get(id) ?? 1) - 1;
      if (others === 0) touched.delete(id);
      else touched.set(id, others);
    },
  };
}
