import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { decodeJwt } from 'jose';
import { startRabbitmq } from '../broker/own-rabbitmq.ts';
import { freePort } from '../free-port.ts';
import { startServer } from '../mongodb/server.ts';
import { startNginx } from '../nginx-server.ts';
import { startRedis } from '../redis/server.ts';
import { create, signIn } from '../service/calls.ts';
import { eventually } from '../service/eventually.ts';
import { dataDirectory, type Service, startService } from '../service/service.ts';
import type { Tenant } from './load.ts';

const metricsToken = 'm'.repeat(32);

/** The one that has the lease on the relay. @throws where none of these has it */
async function relayingOf(services: readonly Service[]): Promise<Service> {
  for (const service of services) {
    const response = await fetch(`${service.url}/metrics`, { headers: { authorization: `Bearer ${metricsToken}` } });
    if (/^tenantry_lease_held\{work="relay"\} 1$/m.test(await response.text())) return service;
  }
  throw new Error('nobody relays');
}

/** How many instances there are. */
export const machines = 3;

/** Three instances behind nginx, on a database, a Redis and a RabbitMQ of their own. Ended at the end of its scope. */
export interface Machines extends AsyncDisposable {
  /** Where nginx is. */
  readonly url: string;
  /** Those that run now. */
  readonly services: readonly Service[];
  readonly database: { crash(): Promise<void> };
  readonly redis: { kill(): Promise<void>; restart(): Promise<void> };
  readonly broker: { readonly url: string; kill(): Promise<void>; restart(): Promise<void> };
  /** Ends an instance by a signal, and starts it again at its address. */
  restart(place: number, signal: NodeJS.Signals): Promise<void>;
  /** Puts the one that relays events to sleep until another has taken that over, and wakes it. */
  sleepBeyondLease(): Promise<void>;
  /** Signs so many organizations up, through nginx. */
  signUp(count: number): Promise<readonly Tenant[]>;
}

/** Starts all of it. @param settings of the instances, beside those that name the parts */
export async function startMachines(settings: Readonly<Record<string, string>> = {}): Promise<Machines> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await dataDirectory());
  const database = stack.use(await startServer());
  const redis = stack.use(await startRedis());
  const broker = stack.use(await startRabbitmq());
  const secret = randomBytes(32).toString('base64url');
  const shared = {
    DATABASE_URL: database.url,
    DATABASE_NAME: 'machines',
    SECRET: secret,
    REDIS_URL: redis.url,
    BROKER_URL: broker.url,
    TRUST_PROXY: '127.0.0.1',
    METRICS_TOKEN: metricsToken,
    ...settings,
  };
  const ports = await Promise.all(Array.from({ length: machines }, () => freePort()));
  const start = (port: number) => startService(directory.path, { ...shared, PORT: String(port) });
  const services = await Promise.all(ports.map(start));
  stack.defer(async () => void (await Promise.all(services.map((service) => service.stop('SIGKILL')))));
  const nginx = stack.use(await startNginx(services.map(({ url }) => url)));
  const all = stack.move();
  return {
    url: nginx.url,
    services,
    database,
    redis,
    broker,
    async restart(place, signal) {
      const port = ports[place];
      assert.ok(port !== undefined, `there is no instance ${place}`);
      const { code } = (await services[place]?.stop(signal)) ?? {};
      if (signal === 'SIGTERM') assert.equal(code, 0);
      services[place] = await start(port);
    },
    async sleepBeyondLease() {
      const holder = await eventually(() => relayingOf(services));
      holder.process.kill('SIGSTOP');
      try {
        await eventually(() => relayingOf(services.filter((service) => service !== holder)));
      } finally {
        holder.process.kill('SIGCONT');
      }
    },
    async signUp(count) {
      const names = Array.from({ length: count }, (_, number) => `tenant ${number}`);
      return await Promise.all(
        names.map(async (name) => {
          assert.equal((await create(nginx.url, name)).status, 201);
          const token = await signIn(nginx.url, name);
          return { id: String(decodeJwt(token)['organization_id']), token };
        }),
      );
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
