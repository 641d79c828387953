/**
 * What the service does without being asked: it is registered as an instance; and, each by the one instance that has the
 * lease on it, rounds and the relay.
 */
import { openBroker } from './broker/open.ts';
import { sweepCollections } from './documents/finish-collection-deletion.ts';
import { forgetEnded } from './events/forget-ended.ts';
import { forgetExpired } from './idempotency/forget-expired.ts';
import { joinInstances } from './instances/join.ts';
import type { Work } from './instances/lease.ts';
import { keepSweeping, type Round, sweepRound } from './organizations/sweep.ts';
import type { Tenancy } from './organizations/tenancy.ts';
import { type RelayWatch, relay } from './relay/relay.ts';
import type { RelayPoint } from './relay/relay-points.ts';
import type { BrokerAddress } from './settings/broker.ts';
import type { Sessions } from './store/sessions.ts';
import type { Tracer } from './tracing.ts';

/** What is done from time to time beside the sweep of organizations. */
const rounds: readonly Round[] = [
  forgetExpired,
  forgetEnded,
  sweepCollections,
  ({ documents, now }, signal) => documents.forgetKept(now(), signal),
];

/** What runs beside the calls. */
export interface Background {
  /** Ends it; resolves when it has ended, and its leases are free. */
  end(): Promise<void>;
}

/** With what it runs. */
export interface BackgroundParts {
  readonly tenancy: Tenancy;
  /** What this process may have open when it dies. */
  readonly sessions: Sessions;
  /** Whether other instances may work on the same data. */
  readonly isShared: boolean;
  /** Whether this process does work of its own accord; else it is registered as an instance, and that is all. */
  readonly isWorker: boolean;
  readonly metrics: {
    onLease(work: Work, isHeld: boolean): void;
    relay(): RelayWatch;
    /** @returns what is called at the end of each round with how many of its works failed */
    observeRounds(): (failed: number) => void;
  };
  /** Where events are handed to, if anywhere. */
  readonly broker: BrokerAddress | undefined;
  /** What events come from, for the broker: a URI. */
  readonly source: string;
  /** Where traces are collected. */
  readonly tracer: Tracer | undefined;
  reach(point: RelayPoint): void;
}

/** Begins it: before this process takes calls, so that what its first sweep finds unfinished was left by another. */
export async function startBackground(parts: BackgroundParts): Promise<Background> {
  const { tenancy, sessions, isShared, isWorker, metrics, broker: address, source, tracer, reach } = parts;
  const { records, log, now, wait } = tenancy;
  const ending = new AbortController();
  const { signal } = ending;
  const onLease = (work: Work, isHeld: boolean) => metrics.onLease(work, isHeld);
  const elapsed = () => performance.now();
  const broker = isWorker && address ? await openBroker(address) : undefined;
  const instances = await joinInstances({ records, sessions, isShared, log, onLease, now, elapsed, wait });
  if (!isWorker) return { end: () => instances.leave() };
  const onRound = metrics.observeRounds();
  const sweeping = async () => {
    // By every instance at its start: whoever starts it wants what was left to be finished, and does not wait for a lease.
    await sweepRound(tenancy, { signal, rounds, onRound, sparesRecent: isShared });
    await instances.keep(
      'rounds',
      (held) =>
        keepSweeping({ ...tenancy, records: held.records }, { signal: held.signal, rounds, onRound, isShared: true }),
      signal,
    );
  };
  const relaying = async () => {
    if (broker === undefined) return;
    const watch = metrics.relay();
    const relayParts = { broker, source, isShared, log, tracer, watch, now, wait, random: Math.random, reach };
    await instances.keep('relay', (held) => relay(relayParts, held), signal);
  };
  const work = Promise.all([sweeping(), relaying()]);
  return {
    async end() {
      ending.abort();
      await work;
      await instances.leave();
    },
  };
}
