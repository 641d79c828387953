/** The only file that knows every part: it reads the settings, wires the parts, listens and stops. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { relative, resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { memoryLimits } from './cache/memory/limits.ts';
import { unlimited } from './cache/unlimited.ts';
import { askControl, ControlError } from './control/client.ts';
import { controlSocketPath } from './control/path.ts';
import { type ControlServer, listenControl } from './control/server.ts';
import { doctor } from './doctor.ts';
import { StartError, TenantryError } from './errors.ts';
import { listen } from './http/listen.ts';
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
import { endOnSignal } from './signals.ts';
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
function controlCommands({ DATA_DIR }: Settings, store: EmbeddedStore, keys: SigningKeys) {
  return {
    status: async () => ({ process: process.pid }),
    'rotate-keys': async () => ({ key: await keys.rotate() }),
    async backup(input: unknown) {
      const directory = directoryIn(input, resolve(DATA_DIR));
      return { directory, ...(await store.backup(directory, [keyFile])) };
    },
  };
}

function directoryIn(input: unknown, dataDirectory: string): string {
  const directory = typeof input === 'object' && input !== null && 'directory' in input ? input.directory : undefined;
  if (typeof directory !== 'string') throw new StartError(1, 'A backup needs a directory.');
  if (!relative(dataDirectory, directory).startsWith('..')) {
    throw new StartError(
      1,
      `${directory} is in the data directory, and would be lost with it. Name one outside of it.`,
    );
  }
  return directory;
}

/** Gives a command to the running service, or takes the data directory and does it here. */
async function order(settings: Settings, command: 'rotate-keys' | 'backup', input: object): Promise<void> {
  const answer = await askControl(controlSocketPath(settings.DATA_DIR), command, input);
  console.log(JSON.stringify(answer ?? (await doAlone(settings, command, input))));
}

async function doAlone(settings: Settings, command: 'rotate-keys' | 'backup', input: object): Promise<unknown> {
  const log = createLog({ level: 'warn' });
  const store = await openStore(settings, { log, metrics: createMetrics(), mustExist: true });
  try {
    return await controlCommands(settings, store, await openKeys(settings))[command](input);
  } finally {
    await store.close();
    await log.flush();
  }
}

interface StoreGround {
  readonly log: Log;
  readonly metrics: Metrics;
  /** A command of the operator is about data that is there; a start makes what is not. */
  readonly mustExist: boolean;
}

function openStore(settings: Settings, { log, metrics, mustExist }: StoreGround): Promise<EmbeddedStore> {
  return openEmbedded({
    directory: resolve(settings.DATA_DIR),
    kinds: [organizations, users],
    log,
    writerThreads: settings.WRITER_THREADS,
    onCommit: metrics.onCommit,
    mustExist,
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
  const store = await openStore(settings, { log, metrics, mustExist: false });
  try {
    const service = await serve(settings, { store, log, metrics, reach });
    endOnSignal({ stop: () => stop(settings, service), seconds: settings.SHUTDOWN_SECONDS, log });
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
  const ending = new AbortController();
  // Before anybody calls: what the first sweep finds unfinished was left by another process.
  const sweeping = keepSweeping(tenancy, ending.signal);
  const endSweep = () => {
    ending.abort();
    return sweeping;
  };
  try {
    await listen(server, settings);
    const path = controlSocketPath(settings.DATA_DIR);
    const control = await listenControl({ path, commands: controlCommands(settings, store, keys), log });
    return { server, passwords, control, store, log, endSweep };
  } catch (error) {
    await Promise.all([server.close(), endSweep()]);
    throw error;
  }
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
function announce({ HOST, DATA_DIR, ENV, PUBLIC_URL }: Settings, server: FastifyInstance): void {
  const { address, port, family } = server.server.address() as AddressInfo;
  const host = family === 'IPv6' ? `[${address}]` : address;
  const shown = HOST === 'localhost' ? HOST : host;
  const lines = [
    ['API', `http://${shown}:${port}`],
    ['Docs', `http://${shown}:${port}/docs`],
    ...(PUBLIC_URL === undefined ? [] : [['Public', PUBLIC_URL]]),
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
