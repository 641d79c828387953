import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missing } from '../mongodb/address.ts';
import { scratchDatabase } from '../mongodb/scratch.ts';
import { type Contents, inspectCluster, inspectDatabase, inspectDirectory } from './inspect.ts';
import { passTimeInDatabase, passTimeInDirectory } from './pass-time.ts';
import { dataDirectory, type GivenSettings, type Service, startService } from './service.ts';

/** What the tests of the running service need of an engine. */
export interface ServiceEngine {
  /** Told in the names of the suites. */
  readonly name: string;
  /** Which engine keeps the documents. */
  readonly documents: 'embedded' | 'mongodb';
  /** For `skip` of a suite: the reason why it is left out, or false where it runs. */
  readonly skip: string | false;
  /** How many processes may run on the same data at once, as far as it is tried. */
  readonly instances: number;
  /** Which share of the large numbers (racing calls, acknowledgements) it is tried with; 1 where it is fast. */
  readonly share: number;
  /** Makes empty data. */
  open(): Promise<ServiceData>;
}

/** The data that processes of the service stand on. Removed at the end of its scope. */
interface ServiceData extends AsyncDisposable {
  /** The data directory of a process; where a database keeps the data none is made. */
  readonly directory: string;
  /** What a process needs to work on the data. @param url another address of the database, where there is one */
  settings(url?: string): GivenSettings;
  inspect(): Promise<Contents>;
  passTime(milliseconds: number): Promise<void>;
}

/** What a test of the running service stands on. Its processes are killed and its data removed at the end of its scope. */
export interface ServiceGround extends AsyncDisposable {
  /** The data directory of the embedded engine. */
  readonly directory: string;
  /** What a process needs to work on this data: the names of settings without `TENANTRY_`. */
  readonly settings: GivenSettings;
  /**
   * Starts a process of the service and waits until it listens.
   *
   * @param settings wins over the ground's own
   * @param url where the process is to reach the database, as a proxy's; nothing to the embedded engine
   */
  start(settings?: GivenSettings, url?: string): Promise<Service>;
  /** Starts so many processes at once. @param settings win over the ground's own */
  startAll(count: number, settings?: GivenSettings): Promise<readonly Service[]>;
  /** Ends every process of this ground that still runs, and waits for it. */
  stopAll(signal?: NodeJS.Signals): Promise<void>;
  /** Reads what is stored, without the service, at any time. */
  inspect(): Promise<Contents>;
  /**
   * Makes what is stored of organizations older, as though so much time had passed since it was written: graces and
   * holds end without waiting for them. For a moment in which nothing is being written; on the embedded engine for one
   * in which no process runs, because it keeps what it has read.
   */
  passTime(milliseconds: number): Promise<void>;
}

const embedded: ServiceEngine = {
  name: 'embedded',
  documents: 'embedded',
  skip: false,
  instances: 1,
  share: 1,
  async open() {
    const { path, [Symbol.asyncDispose]: remove } = await dataDirectory();
    return {
      directory: path,
      settings: () => ({}),
      inspect: async () => inspectDirectory(path),
      passTime: async (milliseconds) => passTimeInDirectory(path, milliseconds),
      [Symbol.asyncDispose]: remove,
    };
  },
};

const mongodb: ServiceEngine = {
  name: 'mongodb',
  documents: 'mongodb',
  skip: missing,
  instances: 3,
  share: 0.2,
  async open() {
    const scratch = scratchDatabase();
    const secret = randomBytes(32).toString('base64url');
    return {
      directory: join(tmpdir(), scratch.name),
      settings: (url = scratch.url) => ({ DATABASE_URL: url, DATABASE_NAME: scratch.name, SECRET: secret }),
      inspect: () => inspectDatabase(scratch.database),
      passTime: (milliseconds) => passTimeInDatabase(scratch.database, milliseconds),
      [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
    };
  },
};

/** The engines that the running service is tested on; each suite gives `skip` on. */
export const serviceEngines: readonly ServiceEngine[] = [embedded, mongodb];

const inDirectory: ServiceEngine = {
  ...embedded,
  name: 'embedded with a cluster in a directory',
  async open() {
    const [main, east] = [await dataDirectory(), await dataDirectory()];
    return {
      directory: main.path,
      settings: () => ({ CLUSTERS: `east=${east.path}`, DEFAULT_LEVEL: 'cluster' }),
      inspect: async () => inspectDirectory(main.path, east.path),
      passTime: async (milliseconds) => passTimeInDirectory(main.path, milliseconds),
      async [Symbol.asyncDispose]() {
        await main[Symbol.asyncDispose]();
        await east[Symbol.asyncDispose]();
      },
    };
  },
};

const onServer: ServiceEngine = {
  ...embedded,
  name: 'embedded with a cluster on mongodb',
  documents: 'mongodb',
  skip: missing,
  async open() {
    const main = await dataDirectory();
    const east = scratchDatabase();
    return {
      directory: main.path,
      settings: (url = east.url) => ({ CLUSTERS: `east=${url}`, DEFAULT_LEVEL: 'cluster', DATABASE_NAME: east.name }),
      inspect: async () => ({
        ...inspectDirectory(main.path),
        collections: await inspectCluster(east.database),
      }),
      passTime: async (milliseconds) => passTimeInDirectory(main.path, milliseconds),
      async [Symbol.asyncDispose]() {
        await main[Symbol.asyncDispose]();
        await east[Symbol.asyncDispose]();
      },
    };
  },
};

/**
 * Those whose organizations are at level `cluster` unless a call names another. The one MongoDB of the tests cannot be two
 * deployments, so it is the cluster beside an embedded master database.
 */
export const clusterEngines: readonly ServiceEngine[] = [inDirectory, onServer];

/** Makes data of its own, on which no process runs yet: `await using ground = await openServiceGround(engine)`. */
export async function openServiceGround(engine: ServiceEngine): Promise<ServiceGround> {
  const data = await engine.open();
  const started: Service[] = [];
  const start = async (settings: GivenSettings = {}, url?: string) => {
    const service = await startService(data.directory, { ...data.settings(url), ...settings });
    started.push(service);
    return service;
  };
  const stopAll = async (signal?: NodeJS.Signals) => {
    await Promise.all(started.map((service) => service.stop(signal)));
  };
  return {
    directory: data.directory,
    settings: data.settings(),
    stopAll,
    start,
    startAll: (count, settings) => Promise.all(Array.from({ length: count }, () => start(settings))),
    inspect: () => data.inspect(),
    passTime: (milliseconds) => data.passTime(milliseconds),
    async [Symbol.asyncDispose]() {
      await stopAll('SIGKILL');
      await data[Symbol.asyncDispose]();
    },
  };
}

/** A large number of the suites, as far as the engine is tried with it. */
export function shareOf({ share }: ServiceEngine, number: number): number {
  return Math.ceil(number * share);
}
