import { brokerUrl } from './broker.ts';
import { clusterBound, clusters, levels } from './clusters.ts';
import { databaseName, databaseUrl, secret } from './database.ts';
import {
  bcryptCost,
  directory,
  failPoint,
  host,
  type Kind,
  oneOf,
  onOrOff,
  origin,
  origins,
  proxies,
  rate,
  token,
  wholeNumber,
} from './kinds.ts';
import { redisUrl } from './redis.ts';
import { roles } from './roles.ts';

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
  /** A setting whose value this one may not have: each opens something else. */
  readonly differsFrom?: string;
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
  ROLES: {
    kind: roles,
    initial: 'api,worker',
    about:
      'What this process does, where several work on one database: calls, all or some of them, and what is done from time to time.',
  },
  REDIS_URL: {
    kind: redisUrl,
    about:
      'Redis by which instances count limits together and tell each other what they changed. Without it each counts by itself; nothing is kept there for longer than its limit.',
    secret: true,
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
    about:
      'The least level that is logged. Requests are logged at `info`; those of the operator are in the log at any level.',
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
  LIMIT_CREATE_ADDRESS: {
    kind: rate,
    initial: '1000/hour',
    about: 'Organizations created from one address by `POST /org/create`.',
  },
  LIMIT_ADDRESS: {
    kind: rate,
    initial: '6000/minute',
    about: 'All calls from one address, which may be a whole backend.',
  },
  LIMIT_ORGANIZATION: {
    kind: rate,
    initial: '60000/minute',
    about: 'All calls by tokens of one organization, unless the operator has set another number for it.',
  },
  LIMIT_TOKEN: { kind: rate, initial: '30000/minute', about: 'All calls by one token.' },
  LIMIT_WRITE: {
    kind: rate,
    initial: '30000/minute',
    about: 'Calls by tokens of one organization that change something.',
  },
  LIMIT_TRANSFER: { kind: rate, initial: '600/minute', about: 'Exports and imports by tokens of one organization.' },
  LIMIT_ACCOUNT_FAILURES: {
    kind: rate,
    initial: '100/minute',
    about: 'Failed log-ins of one account from all addresses. Past it they are delayed, never refused.',
  },
  OPERATOR_TOKEN: {
    kind: token,
    about: 'Bearer token of the operator, who may see every organization. Without it there are no operator calls.',
    secret: true,
    differsFrom: 'METRICS_TOKEN',
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
  DEFAULT_LEVEL: {
    kind: levels,
    initial: 'collection',
    about:
      'How far apart from others the documents of a new organization stand: rows of a table that all share, a table or collections of its own, a file or database of its own, or that on another cluster. With `,pooled` behind it new organizations are pooled where all clusters are full.',
  },
  CLUSTERS: {
    kind: clusters,
    about:
      'Further clusters for the documents of organizations, `name=url` with spaces between: `mongodb://...`, or the path of a directory where the data is in DATA_DIR. `main` is the one that is always there.',
    secret: true,
  },
  CLUSTER_COLLECTIONS: {
    kind: clusterBound,
    about:
      'Collections that a cluster may have: past it, it takes no new organization of level `collection`, and on MongoDB no new collection of its organizations. On the embedded store it counts tables of organizations. 10000 on MongoDB, and any number on the embedded store, unless set.',
  },
  CLUSTER_DATABASES: {
    kind: clusterBound,
    about:
      'Databases of organizations in a cluster past which it takes no new one of level `database` or `cluster`: 1000 on MongoDB, and any number on the embedded store, unless set. Written as CLUSTER_COLLECTIONS.',
  },
  DOCUMENT_BYTES: {
    kind: wholeNumber(1_024, 2_097_152),
    initial: '1048576',
    about: 'Bytes that a document may have, as compact JSON in UTF-8.',
  },
  DOCUMENT_DEPTH: {
    kind: wholeNumber(1, 24),
    initial: '16',
    about: 'Arrays and objects that may lie within each other in a document, the document counted.',
  },
  BATCH_BYTES: {
    kind: wholeNumber(1_024, 67_108_864),
    initial: '8388608',
    about: 'Bytes that the body of a batch may have; more is 413.',
  },
  COLLECTIONS: {
    kind: wholeNumber(1, 1_000),
    initial: '100',
    about: 'Collections that an organization may have, unless its quotas say otherwise.',
  },
  IDEMPOTENCY_KEYS: {
    kind: wholeNumber(1, 10_000_000),
    initial: '100000',
    about:
      'Calls with an `Idempotency-Key` that are remembered for an organization, and creations of organizations by the operator for each instance, each for 24 hours. Past it, calls with another key get 429.',
  },
  IDEMPOTENCY_BYTES: {
    kind: wholeNumber(65_536, 17_179_869_184),
    initial: '67108864',
    about: "Bytes of the answers that are remembered for them. A batch whose ids are its sender's takes less than 100.",
  },
  BROKER_URL: {
    kind: brokerUrl,
    about:
      'Broker that every event is handed to, as a CloudEvent: RabbitMQ or NATS with JetStream. Without it events stay in the database alone.',
    secret: true,
  },
  EVENTS_DAYS: {
    kind: wholeNumber(1, 36_500),
    initial: '400',
    about: 'Days for which the events of a deleted organization are kept for the operator.',
  },
  REQUESTS: {
    kind: wholeNumber(1, 100_000),
    initial: '600',
    about:
      'Requests that are in work at once, those not counted that wait for a password hash. Past it all others but the health calls and /metrics get 503.',
  },
  ORGANIZATION_REQUESTS: {
    kind: wholeNumber(1, 10_000),
    initial: '32',
    about:
      'Requests of one organization that are in work at once, those of the operator counted apart. Others wait their turn; where four times as many wait, or one has waited 5 s, they get 429.',
  },
  FAIL_POINT: {
    kind: failPoint,
    about: 'Step at which the process ends itself or, with `:stop`, falls asleep once, to test recovery.',
  },
} satisfies Record<string, Setting>;

/** The name of a setting, without `TENANTRY_`. */
export type SettingName = keyof typeof table;

type ValueOf<Row extends Setting> =
  Row['kind'] extends Kind<infer Value> ? (Row extends { initial: string } ? Value : Value | undefined) : never;

/** Every setting's value, of the type that its row reads. */
export type Settings = { readonly [Name in SettingName]: ValueOf<(typeof table)[Name]> };
