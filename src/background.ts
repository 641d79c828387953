/** What the service does without being asked, each by the one instance that has the lease on it: rounds, and the relay. */
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
  /** Whether other instances may work on the same data. */
  readonly isShared: boolean;
  readonly metrics: { onLease(work: Work, isHeld: boolean): void; relay(): RelayWatch };
  /** Where events are handed to, if anywhere. */
  readonly broker: BrokerAddress | undefined;
  /** What events come from, for the broker: a URI. */
  readonly source: string;
  reach(point: RelayPoint): void;
}

/** Begins it: before this process takes calls, so that what its first sweep finds unfinished was left by another. */
export async function startBackground(parts: BackgroundParts): Promise<Background> {
  const { tenancy, isShared, metrics, broker: address, source, reach } = parts;
  const { records, log, now, wait } = tenancy;
  const ending = new AbortController();
  const { signal } = ending;
  const onLease = (work: Work, isHeld: boolean) => metrics.onLease(work, isHeld);
  const elapsed = () => performance.now();
  const broker = address && (await openBroker(address));
  const instances = await joinInstances({ records, isShared, log, onLease, now, elapsed, wait });
  const sweeping = async () => {
    // By every instance at its start: whoever starts it wants what was left to be finished, and does not wait for a lease.
    await sweepRound(tenancy, { signal, rounds, sparesRecent: isShared });
    await instances.keep(
      'rounds',
      (held) => keepSweeping({ ...tenancy, records: held.records }, { signal: held.signal, rounds, isShared: true }),
      signal,
    );
  };
  const relaying = async () => {
    if (broker === undefined) return;
    const relayParts = { broker, source, isShared, log, watch: metrics.relay(), now, wait, random: Math.random, reach };
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
