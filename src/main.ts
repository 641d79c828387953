/** The only file that knows every part: it reads the settings, wires the parts, listens and stops. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { startBackground } from './background.ts';
import { memoryLimits } from './cache/memory/limits.ts';
import { unlimited } from './cache/unlimited.ts';
import { askControl, ControlError } from './control/client.ts';
import { controlSocketPath } from './control/path.ts';
import { type ControlServer, listenControl } from './control/server.ts';
import { doctor } from './doctor.ts';
import { recountAll } from './documents/recount.ts';
import { type OpenEngine, openEngine, refusedBackup } from './engine.ts';
import { StartError, TenantryError } from './errors.ts';
import { createEventHub } from './events/hub.ts';
import { examineDatabase } from './examine.ts';
import { failPointReacher } from './fail-point-reacher.ts';
import { listen } from './http/listen.ts';
import { buildServer, stopServer } from './http/server.ts';
import { hashingWorkers } from './identity/hash-queue.ts';
import { createPasswords, type Passwords } from './identity/passwords.ts';
import { openSigningKeys, type SigningKeys } from './identity/signing-keys.ts';
import { createTokens } from './identity/tokens.ts';
import type { Log } from './log.ts';
import { createFailedSignIns, type FailedSignIns } from './organizations/failed-sign-ins.ts';
import { settleClusters } from './organizations/settle-clusters.ts';
import { createSignInDelay } from './organizations/sign-in-delay.ts';
import type { Tenancy } from './organizations/tenancy.ts';
import { wait } from './organizations/wait.ts';
import { boundsOf } from './placement/bounds.ts';
import { createPlaces } from './placement/places.ts';
import { routeDocuments } from './placement/route-documents.ts';
import type { Settings } from './settings/table.ts';
import { loadSettings, SettingsError, type SettingsReading, threadPoolSize } from './settings.ts';
import { endOnSignal, exitOnSignal } from './signals.ts';
import { createQueues } from './store/queues.ts';
import { asTheyStand, rememberRecords } from './store/recent-records.ts';
import { createLog, type ProcessLog } from './telemetry/log.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';

const commands: Readonly<Record<string, (reading: SettingsReading, args: readonly string[]) => Promise<void>>> = {
  start: ({ settings }) => start(settings),
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

/** What is done to the data by command: the running service's part of it, or this process's where none runs. */
function controlCommands({ backup, ...engine }: OpenEngine, keys: SigningKeys) {
  return {
    status: async () => ({ process: process.pid }),
    'rotate-keys': async () => ({ key: await keys.rotate() }),
    recount: () => recountAll({ records: engine.records, documents: routeDocuments(engine.clusters) }),
    async backup(input: unknown) {
      const directory =
        typeof input === 'object' && input !== null && 'directory' in input ? input.directory : undefined;
      if (typeof directory !== 'string') throw new StartError(1, 'A backup needs a directory.');
      if (backup === undefined) throw refusedBackup();
      return await backup(directory);
    },
  };
}

type Order = 'rotate-keys' | 'recount' | 'backup';

/** Gives a command to the service that holds the data directory, or does it here. A shared database is free to all. */
async function order(settings: Settings, command: Order, input: object): Promise<void> {
  const { DATABASE_URL, DATA_DIR } = settings;
  const answer = DATABASE_URL === undefined ? await askControl(controlSocketPath(DATA_DIR), command, input) : undefined;
  console.log(JSON.stringify(answer ?? (await doAlone(settings, command, input))));
}

async function doAlone(settings: Settings, command: Order, input: object): Promise<unknown> {
  const log = createLog({ level: 'warn' });
  const engine = await openEngine(settings, { log, onCommit: () => {}, onStep: () => {}, mustExist: true });
  try {
    return await controlCommands(engine, await openKeys(settings, engine, log))[command](input);
  } finally {
    await engine.close();
    await log.flush();
  }
}

function openKeys({ ACCESS_TOKEN_MINUTES }: Settings, { keyStore }: OpenEngine, log: Log): Promise<SigningKeys> {
  return openSigningKeys({
    store: keyStore,
    tokenMinutes: ACCESS_TOKEN_MINUTES,
    now: Date.now,
    elapsed: () => performance.now(),
    wait,
    log,
  });
}

/** The parts of a running service, as far as stopping it needs them. */
interface Service {
  readonly server: FastifyInstance;
  readonly passwords: Passwords;
  /** None where several instances work on the same data. */
  readonly control: ControlServer | undefined;
  readonly engine: OpenEngine;
  readonly failedSignIns: FailedSignIns;
  readonly log: ProcessLog;
  /** Ends what is done from time to time; resolves when it has ended. */
  readonly endRounds: () => Promise<void>;
}

async function start(settings: Settings): Promise<void> {
  const reach = failPointReacher(settings.FAIL_POINT);
  const log = createLog({ level: settings.LOG_LEVEL });
  process.on('exit', () => log.flushNow());
  const metrics = createMetrics();
  metrics.observeLostLines(log.lostLines);
  const leaveSignals = exitOnSignal();
  const engine = await openEngine(settings, { log, onCommit: metrics.onCommit, onStep: reach, mustExist: false });
  try {
    const service = await serve(settings, { engine, log, metrics, reach });
    endOnSignal({ stop: () => stop(settings, service), seconds: settings.SHUTDOWN_SECONDS, log });
    leaveSignals();
    announce(settings, service);
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** Of what other instances may change. What a token may do, and where data is, is at most five seconds old. */
const remembered = { most: 10_000, milliseconds: 1_000 } as const;

interface Ground {
  readonly engine: OpenEngine;
  readonly log: ProcessLog;
  readonly metrics: Metrics;
  readonly reach: ReturnType<typeof failPointReacher>;
}

async function serve(settings: Settings, { engine, log, metrics, reach }: Ground): Promise<Service> {
  const keys = await openKeys(settings, engine, log);
  const passwords = createPasswords({
    cost: settings.BCRYPT_COST,
    workers: hashingWorkers(availableParallelism(), threadPoolSize()),
    waitSeconds: settings.HASH_WAIT_SECONDS,
  });
  metrics.observeHashes(() => passwords);
  const limits = settings.RATE_LIMIT ? memoryLimits({ now: () => performance.now() }) : unlimited;
  const now = () => new Date();
  const reads = engine.isShared
    ? rememberRecords(engine.records, remembered)
    : { records: engine.records, recent: asTheyStand(engine.records) };
  const eventHub = createEventHub({ records: reads.records, isShared: engine.isShared, log, wait });
  const { records } = eventHub;
  const failedSignIns = createFailedSignIns({ records, log, now });
  const tenancy: Tenancy = {
    ...reads,
    records,
    eventHub,
    documents: routeDocuments(engine.clusters),
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
    limits,
    signInLimits: {
      account: { name: 'account', ...settings.LIMIT_LOGIN_ACCOUNT },
      failures: { name: 'failures', ...settings.LIMIT_ACCOUNT_FAILURES },
    },
    failedSignIns,
    queueOf: createQueues(),
    eventsDays: settings.EVENTS_DAYS,
    log,
    instance: randomUUID(),
    now,
    wait,
    delaySignIn: createSignInDelay(wait),
    reach,
  };
  await settleClusters(engine.records, engine.clusters);
  const server = buildServer({ settings, tenancy, keys, metrics, log, version, ready: engine.ready });
  const ending = new AbortController();
  const reading = keys.keepReading(ending.signal);
  // Before anybody calls: what the first sweep finds unfinished was left by another process.
  const background = await startBackground({
    tenancy,
    isShared: engine.isShared,
    metrics,
    broker: settings.BROKER_URL,
    source: settings.PUBLIC_URL ?? 'urn:tenantry',
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
    return { server, passwords, control, engine, failedSignIns, log, endRounds };
  } catch (error) {
    await Promise.all([server.close(), endRounds()]);
    throw error;
  }
}

/** The last of the time to stop in is kept for closing the store. */
const closingShare = 0.2;

/** Answers what is in work, refuses what has not begun, and closes everything. */
async function stop(
  { SHUTDOWN_SECONDS }: Settings,
  { server, passwords, control, engine, failedSignIns, log, endRounds }: Service,
): Promise<void> {
  await Promise.all([
    stopServer(server, { seconds: SHUTDOWN_SECONDS * (1 - closingShare) }),
    passwords.stop(),
    endRounds(),
  ]);
  await failedSignIns.flush();
  // A backup that is being written would take any time; it is only half there, and its directory says so.
  await Promise.race([control?.close(), wait(100)]);
  await engine.close();
  await log.flush();
}

/** The few lines that whoever started the service by hand reads. They go to stderr: stdout is the log's. */
function announce({ HOST, ENV, PUBLIC_URL, BROKER_URL }: Settings, { server, engine }: Service): void {
  const { address, port, family } = server.server.address() as AddressInfo;
  const host = family === 'IPv6' ? `[${address}]` : address;
  const shown = HOST === 'localhost' ? HOST : host;
  const lines = [
    ['API', `http://${shown}:${port}`],
    ['Docs', `http://${shown}:${port}/docs`],
    ...(PUBLIC_URL === undefined ? [] : [['Public', PUBLIC_URL]]),
    ['Data', engine.shown.data],
    ['Engine', engine.shown.engine],
    ...(BROKER_URL === undefined ? [] : [['Broker', BROKER_URL.shown]]),
    ['Ready in', `${Math.round(process.uptime() * 1_000)} ms`],
  ];
  console.error(`Tenantry ${version}${ENV === 'production' ? '' : ` (${ENV})`}`);
  for (const [name = '', value = ''] of lines) console.error(`  ${name.padEnd(8)}  ${value}`);
}

const version: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
