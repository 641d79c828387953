import { createRecordCache, type RecordCache } from './record-cache.ts';
import {
  type Change,
  type Indexes,
  type Kind,
  type Outcome,
  type Records,
  type Stored,
  type UniqueIndex,
  writtenBy,
} from './records.ts';

/**
 * Records for decisions that may be some seconds old, where several instances write. What was read less than that ago is
 * given as it was then, if it `holds`; else it is read. So whoever is refused is refused by what stands, and what was
 * just made is found everywhere at once. A commit of this process counts at once.
 */
export interface RecentRecords {
  /** How old what is given may be. */
  readonly milliseconds: number;
  /** Whether what other instances change is told at once, as far as is known, so that what is given is hardly older than that. */
  isTold(): boolean;

  /** The record with this id, or undefined; what does not hold is given too, as it stands. */
  get<R extends Stored>(kind: Kind<R>, id: string, holds: (record: R) => boolean): Promise<R | undefined>;

  /** As `get`, by a key in a unique index. */
  find<R extends Stored, X extends Indexes<R>>(
    kind: Kind<R, X>,
    index: UniqueIndex<X>,
    key: string,
    holds: (record: R) => boolean,
  ): Promise<R | undefined>;
}

/** Made once for each: nearly every call asks for them. */
const standing = new WeakMap<Pick<Records, 'get' | 'find'>, RecentRecords>();

/** Nothing is remembered: for an engine that knows at no cost what stands, and for calls that must know it. */
export function asTheyStand(records: Pick<Records, 'get' | 'find'>): RecentRecords {
  let reads = standing.get(records);
  if (reads === undefined) {
    reads = {
      milliseconds: 0,
      isTold: () => false,
      get: (kind, id) => records.get(kind, id),
      find: (kind, index, key) => records.find(kind, index, key),
    };
    standing.set(records, reads);
  }
  return reads;
}

/** How much is remembered. */
export interface Memory {
  /** Records of a kind. */
  readonly most: number;
  /** From the begin of the read that found it to the end of its use. */
  readonly milliseconds: number;
  /** A clock that never goes back, in milliseconds; `performance` unless a test gives one. */
  readonly elapsed?: () => number;
  /** How instances tell each other what they wrote. What is told makes the time shorter; it is kept without. */
  readonly announcements?: Announcements | undefined;
  /** The kinds whose changes are told: those that somebody reads as recent ones. */
  readonly announced?: readonly Pick<Kind, 'name'>[];
}

/** Tells other instances which records were written, and hears of theirs, without a promise that it arrives. */
export interface Announcements {
  tell(written: readonly WrittenRecord[]): void;
  isHeard(): boolean;
  /** @param listener told what others wrote; undefined: some of it may have been missed */
  listen(listener: (written: readonly WrittenRecord[] | undefined) => void): void;
}

/** A record that was written, with the name of its kind. */
export interface WrittenRecord {
  readonly kind: string;
  readonly id: string;
}

interface Remembered {
  readonly cache: RecordCache;
  /** Commits of this process that began or ended so far: a read beside one may have found what it changed. */
  commits: number;
}

interface Asked<R extends Stored> {
  readonly known: (cache: RecordCache) => Stored | undefined;
  readonly holds: (record: R) => boolean;
  readonly read: () => Promise<R | undefined>;
}

/**
 * Remembers records that are read as recent ones.
 *
 * @returns `recent`, and `records`, through which all commits of this process must go
 */
export function rememberRecords(
  records: Records,
  memory: Memory,
): { readonly records: Records; readonly recent: RecentRecords } {
  const { elapsed = () => performance.now(), announcements, announced = [] } = memory;
  const kinds = new Map<string, Remembered>();

  function rememberedOf(kind: Kind): Remembered {
    let remembered = kinds.get(kind.name);
    if (remembered === undefined) {
      const { most, milliseconds } = memory;
      remembered = { cache: createRecordCache(kind, most, { milliseconds, elapsed }), commits: 0 };
      kinds.set(kind.name, remembered);
    }
    return remembered;
  }

  /** Gives what is remembered where it holds; reads otherwise, and remembers what was read. */
  async function recentOr<R extends Stored>(kind: Kind, { known, holds, read }: Asked<R>): Promise<R | undefined> {
    const { cache } = rememberedOf(kind);
    const record = known(cache) as R | undefined;
    if (record !== undefined && holds(record)) return record;
    const { commits } = rememberedOf(kind);
    const begun = elapsed();
    const standing = await read();
    if (standing !== undefined && rememberedOf(kind).commits === commits) cache.put(standing, begun);
    return standing;
  }

  /** What others have changed is read anew, and what is being read of it is not kept. */
  function forget(written: readonly WrittenRecord[] | undefined): void {
    for (const remembered of written === undefined ? kinds.values() : []) {
      remembered.commits += 1;
      remembered.cache.forgetAll();
    }
    for (const { kind, id } of written ?? []) {
      const remembered = kinds.get(kind);
      if (remembered === undefined) continue;
      remembered.commits += 1;
      remembered.cache.forget(id);
    }
  }

  async function commit(changes: readonly Change[], end?: number): Promise<Outcome> {
    const writes = writtenBy(changes);
    const each = (visit: (cache: RecordCache, id: string) => void): void => {
      for (const { kind, id } of writes) {
        const remembered = rememberedOf(kind);
        remembered.commits += 1;
        visit(remembered.cache, id);
      }
    };
    each((cache, id) => cache.touch(id));
    try {
      return await records.commit(changes, end);
    } finally {
      each((cache, id) => cache.settle(id));
      // Also where it failed: it may have happened. What is new nobody remembers.
      announcements?.tell(changes.flatMap(rewritten).filter(({ kind }) => announced.some(({ name }) => name === kind)));
    }
  }

  announcements?.listen(forget);

  return {
    records: { ...records, commit },
    recent: {
      milliseconds: memory.milliseconds,
      isTold: () => announcements?.isHeard() ?? false,
      get: (kind, id, holds) =>
        recentOr(kind as Kind, { known: (cache) => cache.byId(id), holds, read: () => records.get(kind, id) }),
      find: (kind, index, key, holds) =>
        recentOr(kind as Kind, {
          known: (cache) => cache.byIndex(index, key),
          holds,
          read: () => records.find(kind, index, key),
        }),
    },
  };
}

/** The record that a change puts in the place of what somebody may remember. */
function rewritten(change: Change): WrittenRecord[] {
  if (change.op !== 'replace' && change.op !== 'remove') return [];
  return [{ kind: change.kind.name, id: change.record.id }];
}
