import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** The metrics of the process, in the text format of Prometheus. */
export interface Metrics {
  /** Counts an answer. `route` is the route's pattern, never a path: each value makes series of its own. */
  onAnswer(answer: {
    readonly method: string;
    readonly route: string;
    readonly status: number;
    readonly seconds: number;
  }): void;
  /** Counts a transaction that wrote so many commits. */
  onCommit(batch: { readonly commits: number; readonly seconds: number }): void;
  /** Shows whether this process has the lease on some work. */
  onLease(work: string, isHeld: boolean): void;
  /** Shows what the relay does: where there is a broker, and no series else. */
  relay(): RelayWatch;
  /** Shows the queue of the password hashes. */
  observeHashes(queue: () => { readonly waiting: number; readonly working: number }): void;
  /** Shows how many lines the log has lost. */
  observeLostLines(lost: () => number): void;
  readonly contentType: string;
  text(): Promise<string>;
}

/** Is told of what the relay does. */
interface RelayWatch {
  onPublished(): void;
  onFailure(): void;
  onPending(organizations: number, since: string | undefined): void;
}

/** A caller may send some thirty others, which are counted as `other`. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** From a read by key to a log-in that waited for its turn. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const COMMIT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];
const COMMITS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** Makes the metrics, those of the process and of the event loop's lag among them (`process_*`, `nodejs_*`). */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  // At the default, 10 ms, looking at the loop's delay takes a hundredth of an idle core.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
  const requests = new Histogram({
    name: 'tenantry_request_seconds',
    help: 'Time from a request to the end of its answer; _count counts the requests.',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_SECONDS,
    registers,
  });
  const commits = new Counter({ name: 'tenantry_commits_total', help: 'Commits that are on disk.', registers });
  const batches = new Histogram({
    name: 'tenantry_commit_batch_size',
    help: 'Commits that were written in one transaction.',
    buckets: COMMITS,
    registers,
  });
  const commitSeconds = new Histogram({
    name: 'tenantry_commit_seconds',
    help: 'Time that a transaction took, until it was on disk.',
    buckets: COMMIT_SECONDS,
    registers,
  });
  const leases = new Gauge({
    name: 'tenantry_lease_held',
    help: 'Whether this process does some work for all instances: 1 where it does.',
    labelNames: ['work'],
    registers,
  });
  return {
    onLease: (work, isHeld) => leases.set({ work }, isHeld ? 1 : 0),
    onAnswer({ method, route, status, seconds }) {
      requests.observe({ method: METHODS.has(method) ? method : 'other', route, status }, seconds);
    },
    onCommit(batch) {
      commits.inc(batch.commits);
      batches.observe(batch.commits);
      commitSeconds.observe(batch.seconds);
    },
    relay: () => relayMetrics(registers),
    observeHashes(queue) {
      new Gauge({
        name: 'tenantry_hashes_waiting',
        help: 'Password hashes that wait for their turn.',
        registers,
        collect() {
          this.set(queue().waiting);
        },
      });
      new Gauge({
        name: 'tenantry_hashes_working',
        help: 'Password hashes in work.',
        registers,
        collect() {
          this.set(queue().working);
        },
      });
    },
    observeLostLines(lost) {
      new Counter({
        name: 'tenantry_log_lines_lost_total',
        help: 'Log lines that nobody took.',
        registers,
        collect() {
          this.reset();
          this.inc(lost());
        },
      });
    },
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}

function relayMetrics(registers: Registry[]): RelayWatch {
  const published = new Counter({
    name: 'tenantry_events_published_total',
    help: 'Events that the broker has confirmed to this process.',
    registers,
  });
  const failures = new Counter({
    name: 'tenantry_relay_failures_total',
    help: 'Times that the relay of this process could not go on, and began anew.',
    registers,
  });
  const pending = new Gauge({
    name: 'tenantry_relay_pending_organizations',
    help: 'Organizations with events that wait for the broker, as far as they were counted; 0 where another process relays.',
    registers,
  });
  let oldest: number | undefined;
  new Gauge({
    name: 'tenantry_relay_pending_seconds',
    help: 'How long the event that waits longest has waited for the broker; 0 where another process relays.',
    registers,
    collect() {
      this.set(oldest === undefined ? 0 : Math.max(0, (Date.now() - oldest) / 1_000));
    },
  });
  return {
    onPublished: () => published.inc(),
    onFailure: () => failures.inc(),
    onPending(organizations, since) {
      pending.set(organizations);
      oldest = since === undefined ? undefined : Date.parse(since);
    },
  };
}
