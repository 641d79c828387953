import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type ClusterSource, showClusters } from './cluster-metrics.ts';

/** The metrics of the process, in the text format of Prometheus. */
export interface Metrics {
  /** Counts an answer. `route` is the route's pattern, never a path: each value makes series of its own. */
  onAnswer(answer: CountedAnswer): void;
  /** Counts a transaction that wrote so many commits. */
  onCommit(batch: { readonly commits: number; readonly seconds: number }): void;
  /** Shows whether this process has the lease on some work. */
  onLease(work: string, isHeld: boolean): void;
  /** Shows what the relay does: where there is a broker, and no series else. */
  relay(): RelayWatch;
  /** Shows what the process is. */
  describe(process: { readonly version: string; readonly roles: readonly string[]; readonly engine: string }): void;
  /** Shows how the parts of the service stand. */
  observe(parts: ObservedParts): void;
  /** Shows how Redis stands with this process. */
  observeRedis(standing: () => { readonly isUp: boolean; readonly failures: number }): void;
  /** Shows how many lines the log has lost. */
  observeLostLines(lost: () => number): void;
  /** Shows the rounds of a process that does them. @returns what is called at the end of each, with how many of its works failed */
  observeRounds(): (failed: number) => void;
  readonly contentType: string;
  text(): Promise<string>;
}

/** An answer that is counted. */
export interface CountedAnswer {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
  /** Of the problem that was told. */
  readonly code?: string | undefined;
}

/** The parts of a running service that say how they stand when they are asked. Numbers of what happened only grow. */
export interface ObservedParts {
  /** The queue of the password hashes. */
  readonly hashes: { readonly waiting: number; readonly working: number; readonly refused: number };
  /** The requests in work, how many there may be, and how many were refused. */
  readonly work: { readonly working: number; readonly most: number; readonly refused: number };
  /** Events that this process has written, and who follows them. */
  readonly events: { readonly appended: number; readonly readers: number };
  readonly clusters: ClusterSource;
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

/**
 * Makes the metrics, those of the process and of the event loop's lag among them (`process_*`, `nodejs_*`).
 *
 * @param codes of all problems that may be told: each is shown from the start, so that the first one is seen as a change
 */
export function createMetrics(codes: readonly string[] = []): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const shows = showsIn(registers);
  // At the default, 10 ms, looking at the loop's delay takes a hundredth of an idle core.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
  const requests = new Histogram({
    name: 'tenantry_request_seconds',
    help: 'Time from a request to the end of its answer; _count counts the requests.',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_SECONDS,
    registers,
  });
  const problems = new Counter({
    name: 'tenantry_problems_total',
    help: 'Errors that were answered, by their code.',
    labelNames: ['code'],
    registers,
  });
  for (const code of codes) problems.inc({ code }, 0);
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
  let look = () => {};
  return {
    onLease: (work, isHeld) => leases.set({ work }, isHeld ? 1 : 0),
    onAnswer({ method, route, status, seconds, code }) {
      requests.observe({ method: METHODS.has(method) ? method : 'other', route, status }, seconds);
      if (code !== undefined) problems.inc({ code });
    },
    onCommit(batch) {
      commits.inc(batch.commits);
      batches.observe(batch.commits);
      commitSeconds.observe(batch.seconds);
    },
    relay: () => relayMetrics(registers),
    describe({ version, roles, engine }) {
      const labels = { version, roles: roles.join(','), engine };
      const help = 'What the process is; always 1.';
      new Gauge({ name: 'tenantry_info', help, labelNames: Object.keys(labels), registers }).set(labels, 1);
    },
    observe({ hashes, work, events, clusters }) {
      shows.gauge('tenantry_hashes_waiting', 'Password hashes that wait for their turn.', () => hashes.waiting);
      shows.gauge('tenantry_hashes_working', 'Password hashes in work.', () => hashes.working);
      shows.count('tenantry_hashes_refused_total', 'Hashes refused: the wait was too long.', () => hashes.refused);
      shows.gauge('tenantry_requests_working', 'Requests in work that count against the bound.', () => work.working);
      shows.gauge('tenantry_requests_most', 'Requests that may be in work at once.', () => work.most);
      shows.count('tenantry_requests_refused_total', 'Requests refused: too many in work.', () => work.refused);
      shows.count('tenantry_events_appended_total', 'Events that this process wrote.', () => events.appended);
      shows.gauge('tenantry_event_readers', 'Streams of events that are open.', () => events.readers);
      look = showClusters(registers, clusters).look;
    },
    observeRedis(standing) {
      const isUp = () => (standing().isUp ? 1 : 0);
      shows.gauge('tenantry_redis_up', 'Whether Redis answers and its messages arrive: 1 or 0.', isUp);
      shows.count('tenantry_redis_failures_total', 'How often Redis ceased to answer.', () => standing().failures);
    },
    observeLostLines(lost) {
      shows.count('tenantry_log_lines_lost_total', 'Log lines that nobody took.', lost);
    },
    observeRounds: () => showRounds(registers),
    contentType: registry.contentType,
    text() {
      look();
      return registry.metrics();
    },
  };
}

/** Metrics that are read from elsewhere when they are asked for. */
function showsIn(registers: Registry[]) {
  return {
    gauge(name: string, help: string, read: () => number): void {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    },
    count(name: string, help: string, read: () => number): void {
      new Counter({
        name,
        help,
        registers,
        collect() {
          this.reset();
          this.inc(read());
        },
      });
    },
  };
}

function showRounds(registers: Registry[]): (failed: number) => void {
  const rounds = new Counter({
    name: 'tenantry_rounds_total',
    help: 'Rounds of what is done from time to time, by whether all of it could be done.',
    labelNames: ['result'],
    registers,
  });
  rounds.inc({ result: 'done' }, 0);
  rounds.inc({ result: 'failed' }, 0);
  const last = new Gauge({
    name: 'tenantry_last_round_timestamp_seconds',
    help: 'When a round last did all of it, or the process began to do rounds; seconds of Unix time.',
    registers,
  });
  last.setToCurrentTime();
  return (failed) => {
    rounds.inc({ result: failed === 0 ? 'done' : 'failed' });
    if (failed === 0) last.setToCurrentTime();
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
