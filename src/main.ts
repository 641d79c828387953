/** The only file that knows every part: it reads the settings, wires the parts, listens and stops. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { availableParallelism, constants } from 'node:os';
import { resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { memoryLimits } from './cache/memory/limits.ts';
import { unlimited } from './cache/unlimited.ts';
import { askControl, ControlError } from './control/client.ts';
import { controlSocketPath } from './control/path.ts';
import { type ControlCommands, type ControlServer, listenControl } from './control/server.ts';
import { doctor } from './doctor.ts';
import { StartError, TenantryError } from './errors.ts';
import { buildServer, stopServer } from './http/server.ts';
import { hashingWorkers } from './identity/hash-queue.ts';
import { createPasswords, type Passwords } from './identity/passwords.ts';
import { openSigningKeys, type SigningKeys } from './identity/signing-keys.ts';
import { signingKeysFile } from './identity/signing-keys-file.ts';
import { createTokens } from './identity/tokens.ts';
import { users } from './identity/user.ts';
import type { Log } from './log.ts';
import { type FailPoint, failPoints } from './organizations/fail-points.ts';
import { organizations } from './organizations/organization.ts';
import { createSignInDelay } from './organizations/sign-in-delay.ts';
import { keepSweeping } from './organizations/sweep.ts';
import type { Tenancy } from './organizations/tenancy.ts';
import { wait } from './organizations/wait.ts';
import { loadSettings, type Settings, SettingsError, type SettingsReading, threadPoolSize } from './settings.ts';
import { type EmbeddedStore, openEmbedded } from './store/sqlite/open.ts';
import { createLog, type ProcessLog } from './telemetry/log.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';

/** Files beside the databases that a backup holds too. */
const keyFile = 'signing-keys.json';

const commands: Readonly<Record<string, (reading: SettingsReading, args: readonly string[]) => Promise<void>>> = {
  start: ({ settings }) => start(settings),
  async doctor(reading) {
    const { text, exitCode } = await doctor(reading);
    console.log(text);
    process.exitCode = exitCode;
  },
  'rotate-keys': ({ settings }) => order(settings, 'rotate-keys', {}),
  backup: ({ settings }, [directory = '']) => order(settings, 'backup', { directory: resolve(directory) }),
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
function controlCommands(store: EmbeddedStore, keys: SigningKeys) {
  return {
    status: async () => ({ process: process.pid }),
    'rotate-keys': async () => ({ key: await keys.rotate() }),
    backup: async (input: unknown) => store.backup(directoryIn(input), [keyFile]),
  };
}

function directoryIn(input: unknown): string {
  const directory = typeof input === 'object' && input !== null && 'directory' in input ? input.directory : undefined;
  if (typeof directory !== 'string') throw new StartError(1, 'A backup needs a directory.');
  return directory;
}

/** Gives a command to the running service, or takes the data directory and does it here. */
async function order(settings: Settings, command: 'rotate-keys' | 'backup', input: object): Promise<void> {
  const answer = await askControl(controlSocketPath(settings.DATA_DIR), command, input);
  console.log(JSON.stringify(answer ?? (await doAlone(settings, command, input))));
}

async function doAlone(settings: Settings, command: 'rotate-keys' | 'backup', input: object): Promise<unknown> {
  const log = createLog({ level: 'warn' });
  const store = await openStore(settings, log, createMetrics());
  try {
    return await controlCommands(store, await openKeys(settings))[command](input);
  } finally {
    await store.close();
    await log.flush();
  }
}

function openStore(settings: Settings, log: ProcessLog, metrics: Metrics): Promise<EmbeddedStore> {
  return openEmbedded({
    directory: resolve(settings.DATA_DIR),
    kinds: [organizations, users],
    log,
    writerThreads: settings.WRITER_THREADS,
    onCommit: metrics.onCommit,
  });
}

function openKeys(settings: Settings): Promise<SigningKeys> {
  return openSigningKeys({
    store: signingKeysFile(resolve(settings.DATA_DIR)),
    tokenMinutes: settings.ACCESS_TOKEN_MINUTES,
    now: Date.now,
  });
}

/** The parts of a running service, as far as stopping it needs them. */
interface Service {
  readonly server: FastifyInstance;
  readonly passwords: Passwords;
  readonly control: ControlServer;
  readonly store: EmbeddedStore;
  readonly log: ProcessLog;
  /** Ends the sweep; resolves when it has ended. */
  readonly endSweep: () => Promise<void>;
}

async function start(settings: Settings): Promise<void> {
  const reach = failPointReacher(settings.FAIL_POINT);
  const log = createLog({ level: settings.LOG_LEVEL });
  process.on('exit', () => log.flushNow());
  const metrics = createMetrics();
  metrics.observeLostLines(log.lostLines);
  const store = await openStore(settings, log, metrics);
  try {
    const service = await serve(settings, { store, log, metrics, reach });
    stopOnSignal(settings, service);
    announce(settings, service.server);
  } catch (error) {
    await store.close();
    throw error;
  }
}

interface Ground {
  readonly store: EmbeddedStore;
  readonly log: ProcessLog;
  readonly metrics: Metrics;
  readonly reach: (point: FailPoint) => void;
}

async function serve(settings: Settings, { store, log, metrics, reach }: Ground): Promise<Service> {
  const keys = await openKeys(settings);
  const passwords = createPasswords({
    cost: settings.BCRYPT_COST,
    workers: hashingWorkers(availableParallelism(), threadPoolSize()),
    waitSeconds: settings.HASH_WAIT_SECONDS,
  });
  metrics.observeHashes(() => passwords);
  const limits = settings.RATE_LIMIT ? memoryLimits({ now: () => performance.now() }) : unlimited;
  const tenancy: Tenancy = {
    records: store.records,
    documents: store.documents,
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
    log,
    instance: randomUUID(),
    now: () => new Date(),
    wait,
    delaySignIn: createSignInDelay(wait),
    reach,
  };
  const server = buildServer({ settings, tenancy, keys, metrics, log, version, ready: store.ready });
  const control = await open(server, settings, controlCommands(store, keys), log);
  const ending = new AbortController();
  const sweeping = keepSweeping(tenancy, ending.signal);
  const endSweep = () => {
    ending.abort();
    return sweeping;
  };
  return { server, passwords, control, store, log, endSweep };
}

/** Listens for callers and for the operator's commands; for both or for none. */
async function open(
  server: FastifyInstance,
  settings: Settings,
  commands: ControlCommands,
  log: Log,
): Promise<ControlServer> {
  try {
    await listen(server, settings);
    return await listenControl({ path: controlSocketPath(settings.DATA_DIR), commands, log });
  } catch (error) {
    await server.close();
    throw error;
  }
}

async function listen(server: FastifyInstance, { HOST, PORT }: Settings): Promise<void> {
  try {
    await server.listen({ host: HOST, port: PORT });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason =
      code === 'EADDRINUSE'
        ? `Port ${PORT} of ${HOST} is taken by another program`
        : `It is not possible to listen on port ${PORT} of ${HOST} (${code})`;
    throw new StartError(1, `${reason}. Stop it, or name another port in TENANTRY_PORT.`, error);
  }
}

/** Ends the service at the first signal, and the process at the second. */
function stopOnSignal(settings: Settings, service: Service): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    // 128 + the signal's number, as shells tell it.
    if (stopping) process.exit(128 + constants.signals[signal]);
    stopping = true;
    service.log.info({ signal }, 'stopping');
    stop(settings, service).then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/** The last of the time to stop in is kept for closing the store. */
const closingShare = 0.2;

/** Answers what is in work, refuses what has not begun, and closes everything. */
async function stop(
  { SHUTDOWN_SECONDS }: Settings,
  { server, passwords, control, store, log, endSweep }: Service,
): Promise<void> {
  await Promise.all([
    stopServer(server, { seconds: SHUTDOWN_SECONDS * (1 - closingShare) }),
    passwords.stop(),
    endSweep(),
  ]);
  // A backup that is being written would take any time; it is only half there, and its directory says so.
  await Promise.race([control.close(), wait(100)]);
  await store.close();
  await log.flush();
}

/** The few lines that whoever started the service by hand reads. They go to stderr: stdout is the log's. */
function announce({ HOST, DATA_DIR, ENV }: Settings, server: FastifyInstance): void {
  const { address, port, family } = server.server.address() as AddressInfo;
  const host = family === 'IPv6' ? `[${address}]` : address;
  const shown = HOST === 'localhost' ? HOST : host;
  const lines = [
    ['API', `http://${shown}:${port}`],
    ['Docs', `http://${shown}:${port}/docs`],
    ['Data', resolve(DATA_DIR)],
    ['Engine', `embedded (SQLite ${process.versions['sqlite']})`],
    ['Ready in', `${Math.round(process.uptime() * 1_000)} ms`],
  ];
  console.error(`Tenantry ${version}${ENV === 'production' ? '' : ` (${ENV})`}`);
  for (const [name = '', value = ''] of lines) console.error(`  ${name.padEnd(8)}  ${value}`);
}

/** Ends the process where a test wants it to. */
function failPointReacher(wanted: string | undefined): (point: FailPoint) => void {
  if (wanted === undefined) return () => {};
  if (!failPoints.some((point) => point === wanted)) {
    throw new StartError(78, `TENANTRY_FAIL_POINT is ${wanted}; it must be one of ${failPoints.join(', ')}.`);
  }
  return (point) => {
    if (point === wanted) process.kill(process.pid, 'SIGKILL');
  };
}

const version: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
