import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { after } from 'node:test';

/** The command line's own file. */
export const launcher = resolve(import.meta.dirname, '..', '..', 'bin', 'tenantry.js');

/** Settings by their names without `TENANTRY_`. */
export type GivenSettings = Readonly<Record<string, string>>;

/** How a process of the service ended, and all that it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly error: string;
}

/** The service as a process of its own. */
export interface Service {
  /** Where it listens: `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

/** What runs now. A test that failed half way leaves its service behind, which would keep the test's own process alive. */
const running = new Set<ChildProcess>();

after(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** A data directory for a test, removed at the end of its scope. */
export async function dataDirectory(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'tenantry-service-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** The environment of a process under test: nothing of the developer's own, cheap hashes, no limits, a free port. */
export function environment(directory: string, settings: GivenSettings = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(?:TENANTRY|OTEL)_/.test(name));
  const given = { DATA_DIR: directory, ENV: 'test', BCRYPT_COST: '4', RATE_LIMIT: 'off', PORT: '0', ...settings };
  const named = Object.entries(given).map(([name, value]) => [`TENANTRY_${name}`, value]);
  return Object.fromEntries([...inherited, ...named]);
}

/** Runs a command of the command line to its end. */
export async function runCommand(args: readonly string[], directory: string, settings?: GivenSettings): Promise<Ended> {
  return endOf(spawn(process.execPath, [launcher, ...args], { env: environment(directory, settings) }));
}

/** Starts the service, by default as `npm start` does it, and waits until it listens. */
export async function startService(
  directory: string,
  settings: GivenSettings = {},
  command: readonly [string, ...string[]] = [process.execPath, launcher, 'start'],
): Promise<Service> {
  const [program, ...args] = command;
  const child = spawn(program, args, { env: environment(directory, settings), cwd: resolve(launcher, '..', '..') });
  const ended = endOf(child);
  const url = await listening(child, ended);
  return {
    url,
    process: child,
    ended,
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
  };
}

/** The address that a process announces when it listens. */
function listening(child: ChildProcess, ended: Promise<Ended>): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk;
      const url = /^ {2}(?:API|Health) +(http:\/\/[^\s/]+)(?:\/health\/ready)?\n(?:.*\n)*.*Ready in.*\n/m.exec(
        said,
      )?.[1];
      if (url !== undefined) resolve(url);
    });
    ended.then(({ error }) => reject(new Error(`the service did not start: ${error}`)), reject);
  });
}

async function endOf(child: ReturnType<typeof spawn>): Promise<Ended> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the output of the process is not read');
  running.add(child);
  const exited = new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      running.delete(child);
      resolve([code, signal]);
    });
  });
  const [[code, signal], out, error] = await Promise.all([exited, text(stdout), text(stderr)]);
  return { code, signal, out, error };
}
