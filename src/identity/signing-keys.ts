import type { KeyObject } from 'node:crypto';
import type { JSONWebKeySet } from 'jose';
import type { Log } from '../log.ts';
import { openCurrentKeys } from './signing-keys-current.ts';
import { makeKey, nextKey, withNext, withNextSigning } from './signing-keys-set.ts';
import type { KeyStore } from './signing-keys-store.ts';

/** Time from the end of one reading to the next. */
const readingMilliseconds = 1_000;

/**
 * How long a new key is known before it signs: longer than any instance goes on without a reading, and so short that
 * with one reading more a rotation has reached every instance within five seconds.
 */
const waitingMilliseconds = 3_000;

/** The keys that sign and verify tokens. What gives no promise never waits. */
export interface SigningKeys {
  /** The key that signs now. */
  current(): { readonly id: string; readonly privateKey: KeyObject };
  /** What verifies signatures of this key; undefined where it is unknown, or was dropped with the last of its tokens. */
  publicKey(id: string): KeyObject | undefined;
  /** The public keys that verify, RFC 7517. */
  jwks(): JSONWebKeySet;
  /**
   * Makes sure that a key that is unknown afterwards is none of ours: reads a shared store, at most once a second for
   * all callers together.
   *
   * @throws {TenantryError} storage_unavailable: nobody can tell now
   */
  learn(): Promise<void>;
  /**
   * Lets a new key sign, and the present one only verify until its tokens are over. Of a shared store every instance
   * knows the new key for three seconds before any signs with it, and a key that waits already is taken as the new one.
   * Nothing changes where it throws; but of a shared store another instance may finish what was begun.
   *
   * @returns the new key's id, once it signs
   * @throws {TenantryError} storage_unavailable; busy
   */
  rotate(): Promise<string>;
  /**
   * Follows what others write to a shared store until the signal, and lets a key sign whose rotation was left
   * unfinished. While the store cannot be read, the keys stay as they are.
   */
  keepReading(signal: AbortSignal): Promise<void>;
}

/** What `openSigningKeys` is handed. */
export interface SigningKeysOptions {
  readonly store: KeyStore;
  /** How long a token lives. */
  readonly tokenMinutes: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds on a clock that is never set. */
  readonly elapsed: () => number;
  /** Resolves after so many milliseconds, or as soon as the signal is aborted. */
  readonly wait: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  readonly log: Log;
}

/**
 * Reads the keys, or makes the first one where there is none.
 *
 * @throws {TenantryError} storage_unavailable: they cannot be read or written, or are damaged; the message names the place
 * @throws {StartError} they are encrypted with another secret
 */
export async function openSigningKeys(options: SigningKeysOptions): Promise<SigningKeys> {
  const { store, now, elapsed, wait, log } = options;
  const lifeMilliseconds = options.tokenMinutes * 60_000;
  const timestamp = () => new Date(now()).toISOString();
  const keys = await openCurrentKeys({ store, lifeMilliseconds, timestamp, elapsed });
  const verifies = (id: string) => now() < (keys.ring().verifying.get(id)?.untilMilliseconds ?? 0);

  async function switchAtOnce(): Promise<string> {
    const made = await makeKey(timestamp());
    await keys.change((set) => withNextSigning(withNext(set, made), now(), lifeMilliseconds));
    return made.id;
  }

  async function switchTogether(): Promise<string> {
    await keys.read();
    const made = await makeKey(timestamp());
    let { id } = made;
    await keys.change((set) => {
      id = nextKey(set)?.id ?? made.id;
      return id === made.id ? withNext(set, made) : undefined;
    });
    await wait(waitingMilliseconds);
    await letSign(id);
    return id;
  }

  const letSign = (id: string) =>
    keys.change((set) => (nextKey(set)?.id === id ? withNextSigning(set, now(), lifeMilliseconds) : undefined));

  async function follow(): Promise<void> {
    await keys.read();
    const next = nextKey(keys.ring().set);
    if (next !== undefined && keys.knownFor() >= waitingMilliseconds) await letSign(next.id);
  }

  let rotation: Promise<unknown> = Promise.resolve();
  return {
    current: () => keys.ring().signing,
    publicKey: (id) => (verifies(id) ? keys.ring().verifying.get(id)?.publicKey : undefined),
    jwks: () => ({
      keys: keys
        .ring()
        .set.keys.filter(({ id }) => verifies(id))
        .map(({ id, jwk: { kty, crv, x } }) => ({ kty, crv, x, kid: id, alg: 'EdDSA', use: 'sig' })),
    }),
    learn: keys.learn,
    rotate() {
      // One after the other, whatever became of the one before: a store that is not shared takes what is written last.
      const switchKeys = store.shared ? switchTogether : switchAtOnce;
      const made = rotation.then(switchKeys, switchKeys);
      rotation = made;
      return made;
    },
    async keepReading(signal) {
      if (store.shared) await repeatUntil(signal, { act: follow, wait, log });
    },
  };
}

interface Repetition extends Pick<SigningKeysOptions, 'wait' | 'log'> {
  readonly act: () => Promise<void>;
}

/** Of failures in a row the first one is told. */
async function repeatUntil(signal: AbortSignal, { act, wait, log }: Repetition): Promise<void> {
  let isFailing = false;
  for (;;) {
    await wait(readingMilliseconds, signal);
    if (signal.aborted) return;
    try {
      await act();
      if (isFailing) log.info({}, 'the signing keys are read again');
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.warn({ err: error }, 'the signing keys cannot be read; they stay as they are');
      isFailing = true;
    }
  }
}
