import { openSigningKeys, type SigningKeys } from '../src/identity/signing-keys.ts';
import type { KeySet } from '../src/identity/signing-keys-set.ts';
import type { KeptSet, KeyStore } from '../src/identity/signing-keys-store.ts';
import { type TestClock, testClock } from './clock.ts';

/** A key store in memory, and how a test looks into it and disturbs it. */
export interface MemoryKeyStore extends KeyStore {
  /** What is kept. A test may put another set there. */
  kept: KeptSet | undefined;
  reads: number;
  writes: number;
  /** While it is there reading and writing throw it. */
  failure: Error | undefined;
  /** While it is there, readings and writings begin, and then wait for it. */
  pause: Promise<void> | undefined;
}

/** Makes a store that every instance of a test opens its keys on. */
export function memoryKeyStore({ shared = false, set }: { shared?: boolean; set?: KeySet } = {}): MemoryKeyStore {
  const store: MemoryKeyStore = {
    where: 'the test',
    shared,
    kept: set === undefined ? undefined : { set, version: 1 },
    reads: 0,
    writes: 0,
    failure: undefined,
    pause: undefined,
    async read() {
      store.reads += 1;
      const { kept } = store;
      await store.pause;
      if (store.failure !== undefined) throw store.failure;
      return kept;
    },
    async replace(next, former) {
      await store.pause;
      if (store.failure !== undefined) throw store.failure;
      if (store.kept?.version !== former?.version) return undefined;
      store.writes += 1;
      store.kept = { set: structuredClone(next), version: (former?.version ?? 0) + 1 };
      return store.kept;
    },
  };
  return store;
}

/** How keys are opened for a test; all may be left out. */
export interface TestKeysOptions {
  readonly clock?: Pick<TestClock, 'now' | 'wait'>;
  readonly store?: KeyStore;
  /** Told of each line of the log. */
  readonly onLog?: (level: 'info' | 'warn' | 'error', message: string) => void;
}

/** Opens signing keys whose tokens live for 30 minutes: in memory, on a clock of their own. */
export function openTestKeys(options: TestKeysOptions = {}): Promise<SigningKeys> {
  const { clock = testClock(), store = memoryKeyStore(), onLog = () => {} } = options;
  return openSigningKeys({
    store,
    tokenMinutes: 30,
    now: clock.now,
    elapsed: clock.now,
    wait: clock.wait,
    log: {
      info: (_, message) => onLog('info', message),
      warn: (_, message) => onLog('warn', message),
      error: (_, message) => onLog('error', message),
      audit: (_, message) => onLog('info', message),
    },
  });
}
