import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What serves runs here with all its threads, and what sends the load on the other: neither takes the other's time. */
export const cores = { server: '0', load: '1' } as const;

/** What a process is started with. */
export interface PinnedOptions {
  /** The cores that it may use, as `taskset -c` takes them. */
  readonly core: string;
  /** Options of Node itself. */
  readonly nodeOptions?: readonly string[];
  readonly arguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Where it works; also keeps a developer's `.env` from being read. */
  readonly directory: string;
  /** A descriptor for its standard output; thrown away unless given. */
  readonly output?: number;
}

/** Starts a program of Node on its core, with a channel for messages and its standard error as a pipe. */
export function startPinned(script: string, options: PinnedOptions): ChildProcess {
  const { core, nodeOptions = [], arguments: given = [], environment = {}, directory, output = 'ignore' } = options;
  const child = spawn('taskset', ['-c', core, process.execPath, ...nodeOptions, script, ...given], {
    cwd: directory,
    // Nothing else of the environment: a setting or an option of Node that stands there would be measured too.
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', output, 'pipe', 'ipc'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

const running = new Set<ChildProcess>();
// A benchmark that fails leaves nothing behind.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Resolves with the next message of a process. @throws {Error} it ended, with what it said on standard error. */
export function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let said = '';
    const listen = (chunk: Buffer) => {
      said += chunk;
    };
    const onExit = (code: number | null, signal: NodeJS.Signals | null) =>
      reject(new Error(`a process of the benchmark ended (${code ?? signal}): ${said}`));
    child.stderr?.on('data', listen);
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      child.stderr?.off('data', listen).resume();
      resolve(message);
    });
  });
}

/** Ends a process in the way its signal asks for, and resolves when it has ended. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Seconds that all threads of a process have had a core: `utime` and `stime` of proc_pid_stat(5). */
export function cpuSeconds(processId: number): number {
  const text = readFileSync(`/proc/${processId}/stat`, 'utf8');
  // The second field, the name in brackets, may hold spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Memory of a process that is in RAM, in MB of 1,000,000 bytes: `VmRSS` of proc_pid_status(5). */
export function residentMegabytes(processId: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${processId}/status`, 'utf8'))?.[1];
  return (Number(kibibytes) * 1_024) / 1_000_000;
}
