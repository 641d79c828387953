import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { root, type Shown } from './page.ts';

/** A directory for a service's data and what its operator keeps beside it; removed at the end of its scope. */
export async function makeHome(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'tenantry-documentation-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

/** The service as `npm start` runs it, with its data in `data` of its home. Stopped at the end of its scope. */
export interface RunningService extends AsyncDisposable {
  /** `127.0.0.1:40123` */
  readonly address: string;
  /** What whoever starts it by hand reads. */
  readonly announcement: string;
  /** Stops it, and gives what it logged. */
  stop(): Promise<string>;
}

const environment = {
  TENANTRY_ENV: 'test',
  TENANTRY_BCRYPT_COST: '4',
  TENANTRY_PORT: '0',
  TENANTRY_DATA_DIR: 'data',
};

/** Starts the service and waits until it listens. */
export async function startService(home: string): Promise<RunningService> {
  const child = spawn(process.execPath, [join(root, 'bin', 'tenantry.js'), 'start'], {
    cwd: home,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const logged = text(child.stdout);
  let announcement = '';
  for await (const chunk of child.stderr.iterator({ destroyOnReturn: false })) {
    announcement += chunk;
    if (announcement.includes('Ready in')) break;
  }
  child.stderr.resume();
  const address = /http:\/\/(127\.0\.0\.1:\d+)$/m.exec(announcement)?.[1];
  if (address === undefined) throw new Error(`the service did not start:\n${announcement}`);
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    return logged;
  };
  return {
    address,
    announcement,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

/** Stands between the outputs of commands. */
const separator = '\u001e';

/** Where a page's commands run, and what stands for the names in them. */
export interface Ground {
  readonly home: string;
  /** Where the service listens, for `localhost:8000`. */
  readonly address?: string;
}

/** Runs commands of a page in one shell, as a reader pastes them, and gives what each printed. */
export async function runCommands(commands: readonly Shown[], { home, address = '' }: Ground): Promise<string[]> {
  const script = commands
    .map(({ command }) => command)
    .join(`printf '${separator}'\n`)
    .replaceAll('localhost:8000', address)
    .replaceAll('/var/backups/tenantry', join(home, 'backups'))
    .replaceAll('npm run --silent tenantry --', `'${process.execPath}' '${join(root, 'bin', 'tenantry.js')}'`);
  const { stdout } = await promisify(execFile)('sh', ['-euc', script], {
    cwd: home,
    env: { ...process.env, ...environment },
  });
  return stdout.split(separator);
}

/** What a page's commands need of the machine, as node:test takes it: false where it is there. */
export async function lacking(program: string): Promise<string | false> {
  return promisify(execFile)(program, ['--version']).then(
    () => false,
    () => `${program} is not installed`,
  );
}

/** The commands of a page that are for a running service. */
export function isForService({ command }: Shown): boolean {
  return /\bcurl\b|\btenantry -- /.test(command);
}
