import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { promisify } from 'node:util';
import { freePort } from '../free-port.ts';
import { missing, testUrl } from './address.ts';

/** Starts, crashes and removes servers. Lies beside the project where it is developed, and is not a part of it. */
const script = join(import.meta.dirname, '..', '..', '..', 'shared', 'servers', 'mongodb');

/** For `skip`: the reason why tests that crash a server or need another kind of it are left out, or false where they run. */
export const missingServer: string | false =
  missing || (!existsSync(script) && 'no script that starts servers lies beside the project');

/** For `skip` of a test with a standalone server, which stands before the storage of the gateway that the tests use. */
export const missingStandalone: string | false =
  missingServer ||
  ((await gatewayOf(testUrl() ?? '')) === undefined && 'TEST_MONGODB_URL is no gateway of this machine');

/** A server of a test's own, a replica set of one. Removed with its data at the end of its scope. */
export interface OwnServer extends AsyncDisposable {
  readonly url: string;
  /** Kills it with SIGKILL and starts it again on its data; resolves when it answers again, at the same address. */
  crash(): Promise<void>;
}

/** What was started and has not ended. A test that ran out of time leaves it behind. */
const running = new Set<() => Promise<void>>();

after(() => Promise.all([...running].map((stop) => stop())));

/** Starts a server of the test's own, on an empty store. Takes three seconds, more while other tests start theirs. */
export async function startServer(): Promise<OwnServer> {
  const name = `t${randomBytes(6).toString('hex')}`;
  const run = async (command: string) => (await promisify(execFile)('bash', [script, command, name])).stdout.trim();
  const stop = endOnce(async () => void (await run('down')));
  const url = await run('up');
  return { url, crash: async () => void (await run('crash')), [Symbol.asyncDispose]: stop };
}

/** Starts a standalone server, no member of a replica set, on the storage of the server that the tests use. */
export async function startStandalone(): Promise<{ readonly url: string } & AsyncDisposable> {
  const gateway = await gatewayOf(testUrl() ?? '');
  if (gateway === undefined) throw new Error(`${missingStandalone}: skip the test`);
  const port = await freePort();
  const args = ['gateway.mjs', '--port', String(port), '--pg', gateway.storage, '--set', ''];
  const child = spawn(process.execPath, args, { cwd: gateway.folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const stop = endOnce(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  // It announces its address when it listens.
  const [announced] = await Promise.race([once(createInterface(child.stdout), 'line'), exited]);
  if (typeof announced !== 'string') throw new Error(`the standalone server ended with ${announced}`);
  return { url: `mongodb://127.0.0.1:${port}/`, [Symbol.asyncDispose]: stop };
}

/** Ends something at the end of its scope or, where that never comes, after the tests. */
function endOnce(end: () => Promise<void>): () => Promise<void> {
  const stop = async () => {
    if (running.delete(stop)) await end();
  };
  running.add(stop);
  return stop;
}

interface Gateway {
  readonly folder: string;
  readonly storage: string;
}

/** Where the server's gateway runs, and the storage behind it, as its command line tells; undefined for any other server. */
async function gatewayOf(url: string): Promise<Gateway | undefined> {
  const port = /:(\d+)/.exec(url)?.[1];
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const id of processes) {
    // A process may be gone by now.
    const line = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
    const [, listens, storage] = /\0gateway\.mjs\0--port\0(\d+)\0--pg\0([^\0]+)/.exec(line) ?? [];
    if (listens === port && storage !== undefined) return { folder: await readlink(`/proc/${id}/cwd`), storage };
  }
  return undefined;
}
