import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { freePort } from '../free-port.ts';
import { type Consumer, createReceived } from './consumer.ts';

/** The NATS with JetStream that the tests use, from `TEST_NATS_URL`: `nats://HOST:PORT`. Undefined where it names none. */
export function natsUrl(): string | undefined {
  return process.env['TEST_NATS_URL'] || undefined;
}

/** For `skip`: the reason why tests on NATS are left out, or false where they run. */
export const missingNats: string | false = natsUrl() === undefined && 'TEST_NATS_URL names no server';

/** Reads the stream of all events, those of other tests too. It must be there. @param from the first, or those to come */
export async function consumeNats(url: string, from: 'first' | 'next' = 'next'): Promise<Consumer> {
  const { received, add, until } = createReceived();
  const connection = await connect({ servers: url });
  const stream = await (await jetstreamManager(connection)).streams.find('tenantry.events.>');
  const consumer = await jetstream(connection).consumers.get(stream, {
    deliver_policy: from === 'first' ? DeliverPolicy.All : DeliverPolicy.New,
  });
  const messages = await consumer.consume();
  const reading = (async () => {
    for await (const { subject, headers, data } of messages) {
      const [id = '', contentType = ''] = [headers?.get('Nats-Msg-Id'), headers?.get('content-type')];
      add({ id, key: subject, contentType, body: Buffer.from(data).toString() });
    }
  })();
  return {
    received,
    until,
    async [Symbol.asyncDispose]() {
      await messages.close();
      await reading;
      await connection.close();
    },
  };
}

/** A NATS of a test's own, with JetStream, at an address that stays. Gone with its data at the end of its scope. */
export interface OwnNats extends AsyncDisposable {
  readonly url: string;
  /** Starts it, on the data of before; resolves when it takes connections. */
  start(): Promise<void>;
  /** Kills it. */
  kill(): Promise<void>;
}

/** Makes one, which does not run yet. @param options of nats-server beside these */
export async function ownNats(...options: readonly string[]): Promise<OwnNats> {
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), 'tenantry-nats-'));
  let end = async () => {};
  return {
    url: `nats://127.0.0.1:${port}`,
    async start() {
      const own = ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', directory];
      const child = spawn('nats-server', [...own, ...options], { stdio: 'ignore' });
      const exited = once(child, 'exit');
      end = async () => {
        child.kill('SIGKILL');
        await exited;
      };
      await listening(port);
    },
    kill: () => end(),
    async [Symbol.asyncDispose]() {
      await end();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Resolves when something listens at the port. */
async function listening(port: number): Promise<void> {
  const end = performance.now() + 20_000;
  for (;;) {
    const socket = connectSocket(port, '127.0.0.1');
    const listens = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (listens) return;
    if (performance.now() > end) throw new Error(`nothing listens at ${port}`);
    await setTimeout(50);
  }
}
