import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { freePort } from '../free-port.ts';

/** A Redis of a test's own, empty, which keeps nothing on the disk. Ended at the end of its scope. */
export interface OwnRedis extends AsyncDisposable {
  readonly url: string;
  /** Ends it by SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again at the same address, empty; resolves when it answers. */
  restart(): Promise<void>;
  /** It keeps its connections, takes new ones, and answers nothing. */
  pause(): void;
  resume(): void;
}

/** What runs now. A test that ran out of time leaves it behind. */
const running = new Set<ChildProcess>();

after(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts one. @param options of redis-server, such as `--requirepass` and a password */
export async function startRedis(...options: readonly string[]): Promise<OwnRedis> {
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), 'tenantry-redis-'));
  let child = await start(port, directory, options);
  const kill = async () => {
    if (!running.has(child)) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    async restart() {
      await kill();
      child = await start(port, directory, options);
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function start(port: number, directory: string, options: readonly string[]): Promise<ChildProcess> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', directory];
  const child = spawn('redis-server', [...args, '--daemonize', 'no', ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  for await (const line of createInterface(child.stdout)) {
    if (line.includes('Ready to accept connections')) {
      // What it says from here on is read by nobody.
      child.stdout.resume();
      return child;
    }
  }
  throw new Error('redis-server ended before it was ready');
}
