/** The only file that knows every part: it reads the settings, wires the parts, listens and stops. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { announcement } from './announce.ts';
import { startBackground } from './background.ts';
import { ControlError } from './control/client.ts';
import { controlSocketPath } from './control/path.ts';
import { type ControlServer, listenControl } from './control/server.ts';
import { doctor } from './doctor.ts';
import { type OpenEngine, openEngine, portsOf, refusedBackup } from './engine.ts';
import { StartError, TenantryError } from './errors.ts';
import { createEventHub } from './events/hub.ts';
import { examineDatabase } from './examine.ts';
import { failPointReacher } from './fail-point-reacher.ts';
import { listen } from './http/listen.ts';
import { problemKinds } from './http/problems.ts';
import { buildServer, stopServer } from './http/server.ts';
import { hashingWorkers } from './identity/hash-queue.ts';
import { createPasswords, type Passwords } from './identity/passwords.ts';
import { createTokens } from './identity/tokens.ts';
import { controlCommands, openKeys, order } from './orders.ts';
import { settleClusters } from './organizations/settle-clusters.ts';
import { createSignInDelay } from './organizations/sign-in-delay.ts';
import { createSignInEvents, type SignInEvents } from './organizations/sign-in-events.ts';
import type { Tenancy } from './organizations/tenancy.ts';
import { wait } from './organizations/wait.ts';
import { boundsOf } from './placement/bounds.ts';
import { createPlaces } from './placement/places.ts';
import type { CollectorSettings } from './settings/collector.ts';
import type { Settings } from './settings/table.ts';
import { loadSettings, SettingsError, type SettingsReading, threadPoolSize } from './settings.ts';
import { openSharing, type Sharing } from './sharing.ts';
import { endOnSignal, exitOnSignal } from './signals.ts';
import { createQueues } from './store/queues.ts';
import { createLog, type ProcessLog } from './telemetry/log.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import type { Traces } from './telemetry/traces.ts';

const commands: Readonly<Record<string, (reading: SettingsReading, args: readonly string[]) => Promise<void>>> = {
  start: ({ settings, collector }) => start(settings, collector),
  async doctor(reading) {
    const { text, exitCode } = await doctor(reading, examineDatabase);
    console.log(text);
    process.exitCode = exitCode;
  },
  'rotate-keys': ({ settings }) => order(settings, 'rotate-keys', {}),
  recount: ({ settings }) => order(settings, 'recount', {}),
  async backup({ settings }, [directory = '']) {
    if (settings.DATABASE_URL !== undefined) throw refusedBackup();
    await order(settings, 'backup', { directory: resolve(directory) });
  },
};

/**
 * Runs a command of the command line. What the operator must mend is told in one message, without a stack: exit code 78
 * for settings and directories, 1 for anything else.
 */
export async function run(command: string, args: readonly string[]): Promise<void> {
  // Whatever is made here is for this user alone.
  process.umask(0o077);
  try {
    await commands[command]?.(loadSettings(), args);
  } catch (error) {
    if (error instanceof SettingsError) fail(78, error.message);
    else if (error instanceof StartError) fail(error.exitCode, error.message);
    else if (error instanceof ControlError || error instanceof TenantryError) fail(1, error.message);
    else throw error;
  }
}

function fail(exitCode: number, message: string): void {
  console.error(message);
  process.exitCode = exitCode;
}

/** The parts of a running service, as far as stopping it needs them. */
interface Service {
  readonly server: FastifyInstance;
  readonly passwords: Passwords;
  /** None where several instances work on the same data. */
  readonly control: ControlServer | undefined;
  readonly engine: OpenEngine;
  readonly sharing: Sharing;
  readonly signInEvents: SignInEvents;
  readonly log: ProcessLog;
  readonly traces: Traces | undefined;
  /** Ends what is done from time to time; resolves when it has ended. */
  readonly endRounds: () => Promise<void>;
}

async function start(settings: Settings, collector: CollectorSettings | undefined): Promise<void> {
  const reach = failPointReacher(settings.FAIL_POINT);
  const traces = collector && (await loadTraces(collector, () => log));
  const log: ProcessLog = createLog({ level: settings.LOG_LEVEL, about: traces?.active });
  process.on('exit', () => log.flushNow());
  const metrics = createMetrics(Object.keys(problemKinds));
  metrics.observeLostLines(log.lostLines);
  const leaveSignals = exitOnSignal();
  const engine = await openEngine(settings, { log, onCommit: metrics.onCommit, onStep: reach, mustExist: false });
  try {
    const service = await serve(settings, { engine, log, traces, metrics, reach });
    endOnSignal({ stop: () => stop(settings, service), seconds: settings.SHUTDOWN_SECONDS, log });
    leaveSignals();
    // To stderr: stdout is the log's.
    const address = service.server.server.address() as AddressInfo;
    console.error(announcement(settings, { version, address, shown: engine.shown }));
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** The library is loaded where somebody collects traces, and nowhere else. */
async function loadTraces(collector: CollectorSettings, log: () => ProcessLog): Promise<Traces> {
  const { createTraces } = await import('./telemetry/traces.ts');
  return createTraces({ ...collector, version }, log);
}

interface Ground {
  readonly engine: OpenEngine;
  readonly log: ProcessLog;
  readonly traces: Traces | undefined;
  readonly metrics: Metrics;
  readonly reach: ReturnType<typeof failPointReacher>;
}

async function serve(settings: Settings, { engine, log, traces, metrics, reach }: Ground): Promise<Service> {
  const keys = await openKeys(settings, engine, log);
  const passwords = createPasswords({
    cost: settings.BCRYPT_COST,
    workers: hashingWorkers(availableParallelism(), threadPoolSize()),
    waitSeconds: settings.HASH_WAIT_SECONDS,
  });
  const now = () => new Date();
  const instance = randomUUID();
  await settleClusters(engine.records, engine.clusters);
  const ports = portsOf(engine, traces?.tracer);
  const { isShared } = engine;
  const sharing = await openSharing(settings, { records: ports.records, isShared, instance, log, metrics });
  await using opened = new AsyncDisposableStack();
  opened.defer(() => sharing.close());
  const eventHub = createEventHub({ records: sharing.records, isShared, log, wait });
  const { records } = eventHub;
  const signInEvents = createSignInEvents({ records, log, now });
  const tenancy: Tenancy = {
    records,
    recent: sharing.recent,
    eventHub,
    documents: ports.documents,
    places: createPlaces({
      clusters: engine.clusters,
      levels: settings.DEFAULT_LEVEL,
      boundsOf: (cluster) =>
        boundsOf(cluster, { collections: settings.CLUSTER_COLLECTIONS, databases: settings.CLUSTER_DATABASES }),
      elapsed: () => performance.now(),
    }),
    documentLimits: {
      bytes: settings.DOCUMENT_BYTES,
      depth: settings.DOCUMENT_DEPTH,
      collections: settings.COLLECTIONS,
    },
    keptBound: { answers: settings.IDEMPOTENCY_KEYS, bytes: settings.IDEMPOTENCY_BYTES },
    passwords,
    tokens: createTokens({
      keys,
      issuer: settings.PUBLIC_URL ?? 'tenantry',
      minutes: settings.ACCESS_TOKEN_MINUTES,
      now: Date.now,
    }),
    limits: sharing.limits,
    signInLimits: {
      account: { name: 'account', ...settings.LIMIT_LOGIN_ACCOUNT },
      failures: { name: 'failures', ...settings.LIMIT_ACCOUNT_FAILURES },
    },
    signInEvents,
    queueOf: createQueues(),
    eventsDays: settings.EVENTS_DAYS,
    log,
    instance,
    now,
    wait,
    delaySignIn: createSignInDelay(wait),
    reach,
  };
  const tracer = traces?.tracer;
  const server = buildServer({ settings, tenancy, keys, metrics, log, tracer, version, ready: engine.ready });
  metrics.describe({ version, roles: settings.ROLES, engine: engine.isShared ? 'mongodb' : 'embedded' });
  const clusters = { describe: () => tenancy.places.describe(), elapsed: () => performance.now(), log };
  metrics.observe({ hashes: passwords, work: server.workload, events: eventHub, clusters });
  const ending = new AbortController();
  const reading = keys.keepReading(ending.signal);
  // Before anybody calls: what the first sweep finds unfinished was left by another process.
  const background = await startBackground({
    tenancy,
    sessions: engine.sessions,
    isShared: engine.isShared,
    isWorker: settings.ROLES.includes('worker'),
    metrics,
    broker: settings.BROKER_URL,
    source: settings.PUBLIC_URL ?? 'urn:tenantry',
    tracer,
    reach,
  });
  const endRounds = async () => {
    ending.abort();
    await Promise.all([background.end(), reading]);
  };
  try {
    await listen(server, settings);
    const path = controlSocketPath(settings.DATA_DIR);
    const control = engine.isShared
      ? undefined
      : await listenControl({ path, commands: controlCommands(engine, keys), log });
    opened.move();
    return { server, passwords, control, engine, sharing, signInEvents, log, traces, endRounds };
  } catch (error) {
    await Promise.all([server.close(), endRounds()]);
    throw error;
  }
}

/** The last of the time to stop in is kept for closing the store, and half of that for sending the last spans. */
const closingShare = 0.2;

/** How long a proxy that does not know yet of the stop is answered on the connections that it has. */
const graceSeconds = 2;

/** Answers what is in work, refuses what has not begun, and closes everything. */
async function stop(
  { SHUTDOWN_SECONDS, TRUST_PROXY }: Settings,
  { server, passwords, control, engine, sharing, signInEvents, log, traces, endRounds }: Service,
): Promise<void> {
  const grace = TRUST_PROXY === false ? 0 : Math.min(graceSeconds, SHUTDOWN_SECONDS * closingShare);
  await Promise.all([
    stopServer(server, { seconds: SHUTDOWN_SECONDS * (1 - closingShare), graceSeconds: grace }),
    wait(grace * 1_000).then(() => passwords.stop()),
    endRounds(),
  ]);
  await signInEvents.stop();
  // A backup that is being written would take any time; it is only half there, and its directory says so.
  await Promise.race([control?.close(), wait(100)]);
  await sharing.close();
  await Promise.all([engine.close(), traces?.stop(SHUTDOWN_SECONDS * (closingShare / 2) * 1_000)]);
  await log.flush();
}

const version: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
