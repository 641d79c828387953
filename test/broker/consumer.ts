import { setTimeout } from 'node:timers/promises';

/** A message as a consumer got it. */
export interface Received {
  /** Of the message, as the broker knows it. */
  readonly id: string;
  /** The routing key, or the subject. */
  readonly key: string;
  readonly contentType: string;
  readonly body: string;
}

/** Somebody who wants all events. Gone at the end of its scope. */
export interface Consumer extends AsyncDisposable {
  /** What it got, in the order in which it got it, with doubles. */
  readonly received: readonly Received[];
  /**
   * Resolves when it has got enough.
   *
   * @throws where it does not in time
   */
  until(isEnough: (received: readonly Received[]) => boolean): Promise<void>;
}

/** Longer than a mongod keeps the transaction of a process that died, which may be one that had the lease. */
const patienceMilliseconds = 120_000;

/** What a consumer got, for whoever makes one. */
export function createReceived(): {
  readonly received: Received[];
  add(message: Received): void;
  until: Consumer['until'];
} {
  const received: Received[] = [];
  const watchers = new Set<() => void>();
  return {
    received,
    add(message) {
      received.push(message);
      for (const look of watchers) look();
    },
    async until(isEnough) {
      const enough = Promise.withResolvers<void>();
      const look = () => isEnough(received) && enough.resolve();
      watchers.add(look);
      look();
      const stop = new AbortController();
      const late = setTimeout(patienceMilliseconds, undefined, { signal: stop.signal }).then(() => {
        throw new Error(`waited in vain: ${received.length} messages came`);
      });
      try {
        await Promise.race([enough.promise, late]);
      } finally {
        watchers.delete(look);
        stop.abort();
        await Promise.allSettled([late]);
      }
    },
  };
}

/** What each organization's events were that came first, in the order in which they came, by the organization's id. */
export function firstDeliveries(received: readonly Received[]): Map<string, number[]> {
  const seen = new Set<string>();
  const sequences = new Map<string, number[]>();
  for (const { id } of received) {
    if (seen.has(id)) continue;
    seen.add(id);
    const [organization = '', sequence] = id.split('.');
    const known = sequences.get(organization) ?? [];
    known.push(Number(sequence));
    sequences.set(organization, known);
  }
  return sequences;
}
