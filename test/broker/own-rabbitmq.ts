import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { freePort } from '../free-port.ts';

/** Where Debian has it, without the wrapper that works for one node alone. */
const program = '/usr/lib/rabbitmq/bin/rabbitmq-server';

/** For `skip`: the reason why tests with a RabbitMQ of their own are left out, or false where they run. */
export const lackingRabbitmq: string | false = !existsSync(program) && 'rabbitmq-server is not installed';

/** A RabbitMQ of a test's own. Ended and removed at the end of its scope. */
export interface OwnRabbitmq extends AsyncDisposable {
  readonly url: string;
  /** Ends it by SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again on its data, at the same address; resolves when it takes connections. */
  restart(): Promise<void>;
}

/** What runs now: a script with the node below it, in a group of processes of their own. */
const running = new Set<ChildProcess>();

after(() => {
  for (const child of running) endGroup(child);
});

function endGroup({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, 'SIGKILL');
}

/** Starts one, on an empty store. Takes some seconds. */
export async function startRabbitmq(): Promise<OwnRabbitmq> {
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-rabbitmq-'));
  const [port, distribution] = [await freePort(), await freePort()];
  await writeFile(join(folder, 'plugins'), '[].\n');
  const environment = {
    ...process.env,
    HOME: folder,
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_NODENAME: `tenantry-${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_CONFIG_FILE: join(folder, 'none'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
  };
  let child = await start(environment);
  const kill = async () => {
    if (!running.has(child)) return;
    const exited = once(child, 'exit');
    endGroup(child);
    await exited;
  };
  return {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    kill,
    async restart() {
      await kill();
      child = await start(environment);
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function start(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = spawn(program, { env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const said: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    said.push(line);
    if (line.includes('Server startup complete')) {
      // What it says from here on is read by nobody.
      child.stdout.resume();
      return child;
    }
  }
  throw new Error(`rabbitmq-server ended before it was ready:\n${said.slice(-20).join('\n')}`);
}
