import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cores, end, startPinned } from './pinned.ts';

const launcher = fileURLToPath(new URL('../bin/tenantry.js', import.meta.url));

/** The options of Node that `npm start` gives. */
function startOptions(): string[] {
  const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const options = /^exec node (.*)bin\/tenantry\.js start$/.exec(scripts.start)?.[1];
  if (options === undefined) throw new Error(`npm start is not understood: ${scripts.start}`);
  return options.split(' ').filter((option) => option !== '');
}

/** Something that serves HTTP, in a process of its own. */
export interface Serving {
  readonly host: string;
  readonly port: number;
  readonly processId: number;
  /** Stops it in order. */
  stop(): Promise<void>;
}

/** What the service is started with. */
export interface ServiceOptions {
  /** Holds `data`, and takes the log: the service writes every line of its requests, and they cost what they cost. */
  readonly directory: string;
  /** Settings by their names without `TENANTRY_`; all others are as nobody set them. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The core it runs on, if not the server's. */
  readonly core?: string;
}

/** Every call from one address is counted, and no bound is ever reached. */
export const limitsOutOfReach = {
  LIMIT_ADDRESS: '1000000000/minute',
  LIMIT_LOGIN_ACCOUNT: '1000000000/minute',
  LIMIT_LOGIN_ADDRESS: '1000000000/minute',
  LIMIT_CREATE_ADDRESS: '1000000000/hour',
  LIMIT_TOKEN: '1000000000/minute',
  LIMIT_ORGANIZATION: '1000000000/minute',
  LIMIT_WRITE: '1000000000/minute',
  LIMIT_TRANSFER: '1000000000/minute',
} as const;

/** bcrypt's least cost, which the service takes in tests alone. */
export const leastCost = { ENV: 'test', BCRYPT_COST: '4' } as const;

/** Starts the service as `npm start` does, on any free port, and resolves when it says that it listens. */
export async function startService(options: ServiceOptions): Promise<Serving> {
  const { directory, settings = {}, core = cores.server } = options;
  const log = openSync(join(directory, 'service.log'), 'w');
  const child = startPinned(launcher, {
    core,
    nodeOptions: startOptions(),
    arguments: ['start'],
    directory,
    output: log,
    environment: {
      TENANTRY_DATA_DIR: join(directory, 'data'),
      TENANTRY_PORT: '0',
      ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [`TENANTRY_${name}`, value])),
    },
  });
  closeSync(log);
  const { hostname, port } = await announcedAddress(child);
  return {
    host: hostname,
    port: Number(port),
    processId: child.pid ?? 0,
    stop: () => end(child, 'SIGTERM'),
  };
}

/** The service tells people where it is, on standard error. Should it end before it is stopped, the benchmark does too. */
function announcedAddress(child: ChildProcess): Promise<URL> {
  let said = '';
  const { promise, resolve } = Promise.withResolvers<URL>();
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk;
    const address = /^ *API +(http:\S+)$/m.exec(said)?.[1];
    if (address !== undefined) resolve(new URL(address));
  });
  child.once('exit', (code, signal) => {
    if (!child.killed) throw new Error(`the service ended (${code ?? signal}): ${said}`);
  });
  return promise;
}
