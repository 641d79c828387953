import { generateKeyPairSync, sign } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { SigningKeys } from '../src/identity/signing-keys.ts';
import type { KeyStore } from '../src/identity/signing-keys-store.ts';
import { createTokens, type Tokens } from '../src/identity/tokens.ts';
import { type TestClock, testClock } from './clock.ts';
import { type MemoryKeyStore, memoryKeyStore, openTestKeys } from './key-store.ts';
import { soon } from './soon.ts';

/** An instance's own way to the shared store, which may be cut. */
export interface Door {
  readonly store: KeyStore;
  failure: Error | undefined;
  /** When a reading last failed, in the clock's time. */
  failedAt: number;
  reads: number;
}

/** One of the processes that share a store. */
export interface Instance {
  readonly door: Door;
  readonly keys: SigningKeys;
  readonly tokens: Tokens;
  readonly lines: string[];
  /** Rotations that are not done. */
  rotating: number;
}

/** Whose tokens the instances make. */
export const holder = {
  sub: 'usr_01jgpjn8e0fq5v0000000000ad',
  email: 'ada@example.com',
  generation: 1,
  organization_id: 'org_01jgpjn8e0fq5v0000000000ac',
  organization_name: 'Acme',
};

function doorTo(shared: MemoryKeyStore, clock: TestClock): Door {
  const door: Door = {
    failure: undefined,
    failedAt: Number.NEGATIVE_INFINITY,
    reads: 0,
    store: {
      where: shared.where,
      shared: true,
      async read() {
        door.reads += 1;
        if (door.failure !== undefined) {
          door.failedAt = clock.now();
          throw door.failure;
        }
        return await shared.read();
      },
      async replace(set, former) {
        if (door.failure !== undefined) throw door.failure;
        return await shared.replace(set, former);
      },
    },
  };
  return door;
}

/** Starts an instance. `skew` is by how much its clock is ahead of the others'. */
export async function startInstance(shared: MemoryKeyStore, clock: TestClock, skew = 0): Promise<Instance> {
  const door = doorTo(shared, clock);
  const lines: string[] = [];
  const now = () => clock.now() + skew;
  const keys = await openTestKeys({
    clock: { now, wait: clock.wait },
    store: door.store,
    onLog: (level, message) => lines.push(`${level}: ${message}`),
  });
  return { door, keys, tokens: createTokens({ keys, issuer: 'us', minutes: 30, now }), lines, rotating: 0 };
}

/** Instances that read on, on one store and one clock; `end` ends them. */
export async function startInstances(skews: readonly number[]) {
  const clock = testClock();
  const shared = memoryKeyStore({ shared: true });
  const instances = await Promise.all(skews.map((skew) => startInstance(shared, clock, skew)));
  const ending = new AbortController();
  const reading = Promise.all(instances.map(({ keys }) => keys.keepReading(ending.signal)));

  /** Resolves when all that can be done at this time is done: every reader waits, and everybody who rotates. */
  async function quiet(): Promise<void> {
    const expected = () => instances.length + instances.filter(({ rotating }) => rotating > 0).length;
    while (clock.waiting !== expected()) await setImmediate();
  }

  return {
    clock,
    shared,
    instances,
    async pass(milliseconds: number) {
      clock.pass(milliseconds);
      await soon(quiet(), 'the instances to come to rest');
    },
    begin(instance: Instance): Promise<string> {
      instance.rotating += 1;
      return instance.keys.rotate().finally(() => {
        instance.rotating -= 1;
      });
    },
    async end() {
      ending.abort();
      await reading;
    },
  };
}

const stranger = generateKeyPairSync('ed25519').privateKey;

/** The token with another `kid`, signed by a stranger. */
export function forge(like: string, id: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', typ: 'JWT', kid: id })).toString('base64url');
  const text = `${header}.${like.split('.')[1]}`;
  return `${text}.${sign(null, Buffer.from(text), stranger).toString('base64url')}`;
}
