import { readFileSync } from 'node:fs';
import { databaseName, databaseUrl, secret } from './settings/database.ts';
import { type DotenvReading, readDotenv } from './settings/dotenv.ts';
import {
  bcryptCost,
  directory,
  failPoint,
  host,
  type Kind,
  type Mode,
  oneOf,
  onOrOff,
  origin,
  origins,
  proxies,
  rate,
  token,
  wholeNumber,
} from './settings/kinds.ts';
import { nearestName } from './settings/nearest.ts';

/** A row of the table: one setting. */
export interface Setting {
  readonly kind: Kind<unknown>;
  /** What holds where nothing is set, as an operator would write it. Without it the setting is undefined then. */
  readonly initial?: string;
  /** What it is for, in the operator's words. */
  readonly about: string;
  /** Its value is never shown. */
  readonly secret?: true;
  /** The setting without which this one may be missing; where that one is set, this one must be. */
  readonly neededBy?: string;
}

/** Every setting once; each is read from `TENANTRY_` and its name. The documentation and `.env.example` are made of it. */
export const table = {
  HOST: {
    kind: host,
    initial: '127.0.0.1',
    about: 'Address to listen on. The default is reached from this machine alone; 0.0.0.0 or :: from everywhere.',
  },
  PORT: { kind: wholeNumber(0, 65_535), initial: '8000', about: 'Port to listen on. 0 takes any free port.' },
  PUBLIC_URL: {
    kind: origin,
    about: 'Where callers reach the service, if not at HOST and PORT. It is the issuer of the access tokens.',
  },
  DATA_DIR: {
    kind: directory,
    initial: './data',
    about: 'Directory of the data and the keys. It is made with mode 0700; one process at a time holds it.',
  },
  DATABASE_URL: {
    kind: databaseUrl,
    about:
      'MongoDB that keeps the data and the keys, for any number of instances. Without it the embedded store does. A database in it is where its user is known; the data is in DATABASE_NAME.',
    secret: true,
    neededBy: 'SECRET',
  },
  DATABASE_NAME: {
    kind: databaseName,
    initial: 'master_db',
    about: 'Database there, which has the master data and the collections of the organizations.',
  },
  SECRET: {
    kind: secret,
    about: 'Encrypts the signing keys in that database: the same for all instances, and kept beside every backup.',
    secret: true,
    neededBy: 'DATABASE_URL',
  },
  START_SECONDS: {
    kind: wholeNumber(0, 600),
    initial: '30',
    about: 'Seconds that a start waits for a database that does not answer yet.',
  },
  ENV: {
    kind: oneOf('production', 'development', 'test'),
    initial: 'production',
    about:
      'Where the service runs. `test` allows cheap password hashes and fail-points, and given in the environment keeps .env from being read.',
  },
  BCRYPT_COST: {
    kind: bcryptCost,
    initial: '12',
    about: 'Work of a password hash: each step doubles it. Older hashes are made anew at the next log-in.',
  },
  ACCESS_TOKEN_MINUTES: { kind: wholeNumber(1, 1_440), initial: '30', about: 'Minutes that an access token is valid.' },
  LOG_LEVEL: {
    kind: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    initial: 'info',
    about: 'The least level that is logged. Requests are logged at `info`.',
  },
  TRUST_PROXY: {
    kind: proxies,
    initial: 'off',
    about: "Proxies whose X-Forwarded-For is believed. Set it behind a proxy, or all callers share the proxy's limits.",
  },
  CORS_ORIGINS: { kind: origins, about: 'Origins of the web pages that may call from a browser. None unless set.' },
  RATE_LIMIT: { kind: onOrOff, initial: 'on', about: 'All limits on rates. `off` is for tests and benchmarks.' },
  LIMIT_LOGIN_ACCOUNT: { kind: rate, initial: '10/minute', about: 'Log-ins to one account from one address.' },
  LIMIT_LOGIN_ADDRESS: { kind: rate, initial: '600/minute', about: 'Log-ins from one address (IPv6: one /64).' },
  LIMIT_CREATE_ADDRESS: { kind: rate, initial: '1000/hour', about: 'Organizations created from one address.' },
  LIMIT_ADDRESS: {
    kind: rate,
    initial: '6000/minute',
    about: 'All calls from one address, which may be a whole backend.',
  },
  LIMIT_ACCOUNT_FAILURES: {
    kind: rate,
    initial: '100/minute',
    about: 'Failed log-ins of one account from all addresses. Past it they are delayed, never refused.',
  },
  METRICS_TOKEN: {
    kind: token,
    about: 'Bearer token for /metrics. Without it /metrics answers local callers only.',
    secret: true,
  },
  SHUTDOWN_SECONDS: {
    kind: wholeNumber(1, 600),
    initial: '10',
    about: 'Seconds in which a stopping service finishes what it began.',
  },
  HASH_WAIT_SECONDS: {
    kind: wholeNumber(1, 60),
    initial: '5',
    about: 'Expected wait for a password hash, in seconds, past which callers get 503.',
  },
  WRITER_THREADS: { kind: wholeNumber(1, 8), initial: '1', about: 'Threads that write to the embedded store.' },
  REQUEST_TIMEOUT_SECONDS: {
    kind: wholeNumber(1, 600),
    initial: '15',
    about: 'Seconds in which a request must have arrived.',
  },
  BODY_LIMIT_BYTES: {
    kind: wholeNumber(1_024, 67_108_864),
    initial: '1048576',
    about: 'Bytes that the body of a request may have; more is 413.',
  },
  FAIL_POINT: { kind: failPoint, about: 'Step at which the process ends itself, to test recovery.' },
} satisfies Record<string, Setting>;

/** The name of a setting, without `TENANTRY_`. */
export type SettingName = keyof typeof table;

type ValueOf<Row extends Setting> =
  Row['kind'] extends Kind<infer Value> ? (Row extends { initial: string } ? Value : Value | undefined) : never;

/** Every setting's value, of the type that its row reads. */
export type Settings = { readonly [Name in SettingName]: ValueOf<(typeof table)[Name]> };

/** Where a value came from. */
export type Source = 'environment' | '.env' | 'default';

/** The settings in force. */
export interface SettingsReading {
  readonly settings: Settings;
  readonly sources: Readonly<Record<SettingName, Source>>;
}

/** One thing that is wrong: what it is called, what it is now, and what would be right; each a part of one sentence. */
export interface WrongSetting {
  /** `TENANTRY_PORT`, or `.env line 3`. */
  readonly name: string;
  /** `is "8o00" (environment)`; without the value where that is, or may be, a secret. */
  readonly found: string;
  /** `must be a whole number from 0 to 65535`. */
  readonly right: string;
}

/** Settings that cannot be used. Its message is the whole list, for the operator; it holds no secret. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly wrong: readonly WrongSetting[];

  constructor(wrong: readonly WrongSetting[]) {
    const lines = wrong.map(({ name, found, right }) => `  ${name} ${found}: ${right}`);
    super([wrong.length === 1 ? 'A setting is wrong:' : `${wrong.length} settings are wrong:`, ...lines].join('\n'));
    this.wrong = wrong;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The settings of this process: from its environment, which wins, and from `.env` in the working directory, unless the
 * environment says `TENANTRY_ENV=test`, so that a developer's `.env` stays out of tests.
 *
 * @throws {SettingsError} with everything that is wrong
 */
export function loadSettings(): SettingsReading {
  const dotenvText = process.env['TENANTRY_ENV'] === 'test' ? '' : readDotenvFile();
  return readSettings(process.env, dotenvText);
}

/** How many threads libuv's pool has in this process (UV_THREADPOOL_SIZE of libuv's manual, "Thread pool work scheduling"). */
export function threadPoolSize(): number {
  const given = process.env['UV_THREADPOOL_SIZE'];
  return given === undefined ? 4 : Math.min(1_024, Math.max(1, Number.parseInt(given, 10) || 1));
}

function readDotenvFile(): string {
  try {
    return readFileSync('.env', 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') {
      return '';
    }
    throw new SettingsError([
      { name: '.env', found: `cannot be read (${code})`, right: 'must be a file that this user may read' },
    ]);
  }
}

/**
 * The settings that an environment and the text of a `.env` file give. An empty string counts as not set.
 *
 * @throws {SettingsError} with everything that is wrong
 */
export function readSettings(environment: Environment, dotenvText = ''): SettingsReading {
  const dotenv = readDotenv(dotenvText);
  const wrong = [...wrongLines(dotenv), ...unknownNames(environment, dotenv)];
  const settings: Record<string, unknown> = {};
  const sources: Record<string, Source> = {};
  const mode = readMode(find('ENV', environment, dotenv).text);

  for (const [name, row] of Object.entries<Setting>(table)) {
    const { text, source } = find(name, environment, dotenv);
    const needing = row.neededBy;
    if (text === undefined && needing !== undefined && find(needing, environment, dotenv).text !== undefined) {
      const right = `must be ${row.kind.accepts} where TENANTRY_${needing} is set`;
      wrong.push({ name: `TENANTRY_${name}`, found: 'is not set', right });
    }
    const reading = text === undefined ? { value: undefined } : row.kind.read(text, mode);
    if ('right' in reading) {
      const shown = row.secret ? `has ${text?.length} characters` : `is ${quote(text ?? '')}`;
      wrong.push({ name: `TENANTRY_${name}`, found: `${shown} (${source})`, right: `must be ${reading.right}` });
    } else {
      settings[name] = reading.value;
      sources[name] = source;
    }
  }
  if (wrong.length > 0) {
    throw new SettingsError(wrong);
  }
  // Built from the rows of the table, one value a row, each read by its row's kind.
  return { settings: settings as Settings, sources: sources as Record<SettingName, Source> };
}

function find(name: string, environment: Environment, dotenv: DotenvReading): { text?: string; source: Source } {
  const variable = `TENANTRY_${name}`;
  const given = environment[variable];
  if (given) {
    return { text: given, source: 'environment' };
  }
  const written = dotenv.values[variable];
  if (written) {
    return { text: written, source: '.env' };
  }
  const initial = (table as Record<string, Setting>)[name]?.initial;
  return initial === undefined ? { source: 'default' } : { text: initial, source: 'default' };
}

function readMode(text: string | undefined): Mode | undefined {
  const reading = table.ENV.kind.read(text ?? '', undefined);
  return 'value' in reading ? reading.value : undefined;
}

function wrongLines(dotenv: DotenvReading): WrongSetting[] {
  return dotenv.wrong.map(({ line, right }) => ({
    name: `.env line ${line}`,
    found: 'is not understood',
    right: `must be ${right}`,
  }));
}

const kubernetesLink = /^TENANTRY_(SERVICE_(HOST|PORT)|PORT_\d+_(TCP|UDP))/;

function unknownNames(environment: Environment, dotenv: DotenvReading): WrongSetting[] {
  const names = Object.keys(table);
  const unknown = (source: Source, values: Environment): WrongSetting[] =>
    Object.keys(values)
      .filter((name) => /^tenantry_/i.test(name) && !names.some((known) => name === `TENANTRY_${known}`))
      .map((name) => ({
        name,
        found: `is not a setting (${source})`,
        right: kubernetesLink.test(name)
          ? 'Kubernetes sets it for a Service called tenantry; enableServiceLinks: false in the pod keeps it out'
          : `the nearest is TENANTRY_${nearestName(name.slice('TENANTRY_'.length).toUpperCase(), names)}`,
      }));
  return [...unknown('environment', environment), ...unknown('.env', dotenv.values)];
}

/**
 * The value as it was given, control characters made visible, cut where it is long, without a URL's user and password.
 * They reach to the last `@`: a password that was not escaped may hold any character.
 */
function quote(text: string): string {
  const shown = text.replace(/\/\/.*@/s, '//***@');
  return JSON.stringify(shown.length > 80 ? `${shown.slice(0, 80)}…` : shown);
}
