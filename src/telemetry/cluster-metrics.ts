import { Gauge, type Registry } from 'prom-client';
import type { Log } from '../log.ts';

/** How a cluster stands; what is null is unknown, or of room without a bound. */
export interface ClusterStanding {
  /** One of the settings, of which there are few. */
  readonly name: string;
  readonly health: 'up' | 'down';
  readonly organizations: number | null;
  readonly standing_collections: number | null;
  readonly databases: number | null;
  readonly bytes: number | null;
  readonly room: { readonly collections: number | null; readonly databases: number | null };
}

/** What the metrics of clusters are made of. */
export interface ClusterSource {
  /** How each cluster stands now. It may take seconds where one does not answer. */
  describe(): Promise<readonly ClusterStanding[]>;
  /** Milliseconds of a clock that never goes back. */
  elapsed(): number;
  readonly log: Log;
}

/** Between two looks at the clusters, whoever asks for the metrics and how often. */
const lookMilliseconds = 15_000;

/** The metrics of the clusters. */
export interface ClusterMetrics {
  /**
   * Begins to look where the last look is some time ago. What is shown is what the last one found, so that nobody who asks
   * for the metrics waits for a cluster that does not answer.
   */
  look(): void;
}

/** Adds the metrics of the clusters. */
export function showClusters(registers: Registry[], { describe, elapsed, log }: ClusterSource): ClusterMetrics {
  const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames: ['cluster'], registers });
  const up = gauge('tenantry_cluster_up', 'Whether the cluster answered when it was last looked at.');
  const gauges = [
    { shown: gauge('tenantry_cluster_organizations', 'Organizations in the cluster.'), of: 'organizations' },
    {
      shown: gauge('tenantry_cluster_collections', 'Collections that count against the bound of the cluster.'),
      of: 'standing_collections',
    },
    { shown: gauge('tenantry_cluster_databases', 'Databases of organizations in the cluster.'), of: 'databases' },
    { shown: gauge('tenantry_cluster_bytes', 'Bytes that the cluster takes.'), of: 'bytes' },
  ] as const;
  const rooms = [
    { shown: gauge('tenantry_cluster_room_collections', 'Collections until the bound is reached.'), of: 'collections' },
    { shown: gauge('tenantry_cluster_room_databases', 'Databases until the bound is reached.'), of: 'databases' },
  ] as const;
  let isLooking = false;
  let next = 0;

  function show(standing: ClusterStanding): void {
    const labels = { cluster: standing.name };
    up.set(labels, standing.health === 'up' ? 1 : 0);
    for (const { shown, of } of gauges) setKnown(shown, labels, standing[of]);
    for (const { shown, of } of rooms) setKnown(shown, labels, standing.room[of]);
  }

  async function lookNow(): Promise<void> {
    try {
      for (const standing of await describe()) show(standing);
    } catch (error) {
      log.warn({ err: error }, 'how the clusters stand could not be looked up for the metrics; trying again');
    } finally {
      isLooking = false;
      next = elapsed() + lookMilliseconds;
    }
  }

  return {
    look() {
      if (isLooking || elapsed() < next) return;
      isLooking = true;
      void lookNow();
    },
  };
}

/** A number that is not known any more is not shown as it was. */
function setKnown(gauge: Gauge<'cluster'>, labels: { readonly cluster: string }, value: number | null): void {
  if (value === null) gauge.remove(labels);
  else gauge.set(labels, value);
}
