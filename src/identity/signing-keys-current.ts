import { TenantryError } from '../errors.ts';
import { type KeyRing, openKeyRing } from './signing-keys-ring.ts';
import { type KeySet, makeKey } from './signing-keys-set.ts';
import type { KeptSet, KeyStore } from './signing-keys-store.ts';

/** For how long what was read is new enough to say that a key is none of ours. */
const freshMilliseconds = 1_000;

/** After how long a store that does not answer is taken to be away. Below the time that a key is known before it signs. */
const patienceMilliseconds = 2_000;

/** How often a change is decided anew where others change the same set. Each time one of them got on. */
const mostAttempts = 20;

/** The keys as this instance knows them, and its only way to their store. */
export interface CurrentKeys {
  /** The keys as they were last read or written. */
  ring(): KeyRing;
  /** Milliseconds since this instance got to know the set as it stands. */
  knownFor(): number;
  /** Reads what others wrote; what is not changed is not opened anew. @throws {TenantryError | StartError} and keeps the keys */
  read(): Promise<void>;
  /** Reads, but at most once a second for all callers together. @throws {TenantryError} storage_unavailable */
  learn(): Promise<void>;
  /**
   * Writes the set that `decide` makes of the one that stands, however often another is faster; nothing, where it makes
   * none. @throws {TenantryError} storage_unavailable; busy
   */
  change(decide: (set: KeySet) => KeySet | undefined): Promise<void>;
}

/** What `openCurrentKeys` is handed. */
export interface CurrentKeysOptions {
  readonly store: KeyStore;
  readonly lifeMilliseconds: number;
  /** RFC 3339. */
  readonly timestamp: () => string;
  /** Milliseconds on a clock that is never set. */
  readonly elapsed: () => number;
}

interface Current {
  readonly kept: KeptSet;
  readonly ring: KeyRing;
  readonly since: number;
}

interface Reading {
  readonly startedAt: number;
  readonly done: Promise<void>;
  isOver: boolean;
}

/**
 * Reads the keys, or makes the first one where there is none: of instances that do so at once, one makes it.
 *
 * @throws {TenantryError} storage_unavailable
 * @throws {StartError} as `KeyStore.read`
 */
export async function openCurrentKeys(options: CurrentKeysOptions): Promise<CurrentKeys> {
  const { store, lifeMilliseconds, timestamp, elapsed } = options;
  const openRing = (set: KeySet) => openKeyRing(set, store.where, lifeMilliseconds);
  const startedAt = elapsed();
  const found = await readOrMake(store, timestamp);
  let current: Current = { kept: found, ring: await openRing(found.set), since: elapsed() };
  let reading: Reading = { startedAt, done: Promise.resolve(), isOver: true };

  /** Takes what a reading or a writing gave that began when the keys were `before`, unless another one overtook it. */
  function take(before: Current, kept: KeptSet, ring: KeyRing): void {
    if (current !== before && kept.version <= current.kept.version) return;
    current = { kept, ring, since: elapsed() };
  }

  async function readStore(): Promise<void> {
    const before = current;
    const kept = await store.read();
    if (kept === undefined) throw new TenantryError('storage_unavailable', `${store.where} is gone`);
    if (kept !== before.kept) take(before, kept, await openRing(kept.set));
  }

  function read(): Promise<void> {
    const startedAt = elapsed();
    reading = startReading(readStore(), startedAt);
    return reading.done;
  }

  return {
    ring: () => current.ring,
    knownFor: () => elapsed() - current.since,
    read,
    async learn() {
      if (!store.shared) return;
      const age = elapsed() - reading.startedAt;
      if (!reading.isOver && age >= patienceMilliseconds) throw unreadable(`not answered for ${age} ms`);
      await (reading.isOver && age >= freshMilliseconds ? read() : reading.done).catch((error: unknown) => {
        throw unreadable(error);
      });
    },
    async change(decide) {
      for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
        const before = current;
        const set = decide(before.kept.set);
        if (set === undefined) return;
        const ring = await openRing(set);
        const kept = await store.replace(set, before.kept);
        if (kept !== undefined) return take(before, kept, ring);
        await read();
      }
      throw new TenantryError('busy', 'Others are changing the signing keys; try again later', {
        retryAfterSeconds: 1,
      });
    },
  };
}

function startReading(work: Promise<void>, startedAt: number): Reading {
  const reading: Reading = {
    startedAt,
    isOver: false,
    done: work.finally(() => {
      reading.isOver = true;
    }),
  };
  return reading;
}

async function readOrMake(store: KeyStore, timestamp: () => string): Promise<KeptSet> {
  const found = await store.read();
  if (found !== undefined) return found;
  const made = await store.replace({ keys: [await makeKey(timestamp())] }, undefined);
  const kept = made ?? (await store.read());
  if (kept === undefined) throw new TenantryError('storage_unavailable', `${store.where} went away while it was read`);
  return kept;
}

function unreadable(cause: unknown): TenantryError {
  return new TenantryError('storage_unavailable', 'The signing keys cannot be read at the moment; try again later', {
    retryAfterSeconds: 1,
    cause,
  });
}
