import { openWire, type WireAnswer } from '../http-wire.ts';
import type { ServiceEngine } from '../service/ground.ts';
import type { Contents } from '../service/inspect.ts';
import { assertCounted } from '../service/recount.ts';
import { startService } from '../service/service.ts';
import type { Call } from './calls.ts';
import { createNormalizer, type Normalizer } from './normalized.ts';
import { limits, metricsToken } from './script-edges.ts';
import { operator } from './script-v1.ts';

/** The service on one engine, empty at first. It and its data are gone at the end of its scope. */
export interface EngineService extends AsyncDisposable {
  /** Makes a call as a client of this address would, and gives the answer, normalized. */
  send(call: Call, address: string): Promise<WireAnswer>;
  /** Ends the service, counts its documents anew, which must tell nothing new, and reads what it left. */
  end(): Promise<Left>;
}

/** What a service left, normalized: records as texts, and the names of the organizations' collections. */
export type Left = Readonly<Record<keyof Contents, readonly string[]>>;

const operatorToken = 'o'.repeat(32);

const settings = {
  ...limits,
  RATE_LIMIT: 'on',
  METRICS_TOKEN: metricsToken,
  OPERATOR_TOKEN: operatorToken,
  // So that each chapter can come from an address of its own.
  TRUST_PROXY: 'loopback',
  CORS_ORIGINS: 'https://app.example.com',
};

/** The service on empty data of this engine. */
export async function openOn(engine: ServiceEngine): Promise<EngineService> {
  await using stack = new AsyncDisposableStack();
  const data = stack.use(await engine.open());
  const service = await startService(data.directory, { ...settings, ...data.settings() });
  stack.defer(async () => void (await service.stop('SIGKILL')));
  const port = Number(new URL(service.url).port);
  const tokens = new Map([[operator, operatorToken]]);
  const normalizer = createNormalizer();
  const all = stack.move();
  return {
    async send(call, address) {
      using wire = await openWire(port);
      wire.send(requestOf(call, { address, token: call.token === undefined ? undefined : tokens.get(call.token) }));
      const answer = await wire.answer(call.method);
      if (call.keep !== undefined) tokens.set(call.keep, JSON.parse(answer.body).access_token);
      return normalizer.answer(answer);
    },
    async end() {
      await service.stop();
      await assertCounted({ directory: data.directory, settings: data.settings() });
      return leftOf(await data.inspect(), normalizer);
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** In the order of names and emails: ids that are made in one millisecond are in none. */
function leftOf({ organizations, users, collections }: Contents, { record }: Normalizer): Left {
  const by = <R>(records: readonly R[], key: (record: R) => string) =>
    [...records].sort((one, other) => (key(one) < key(other) ? -1 : 1));
  return {
    organizations: by(organizations, ({ name_key }) => name_key).map(({ placement, ...organization }) => {
      // A file's name here, the name of the master database there.
      const { database: _, ...place } = placement;
      return record({ ...organization, place });
    }),
    users: by(users, ({ email_key }) => email_key).map(record),
    collections: collections.map((collection_name) => record({ collection_name })).sort(),
  };
}

/** The bytes of a request: the same for every service, whatever its port. */
function requestOf(
  { method, path, body, headers }: Call,
  { address, token }: { readonly address: string; readonly token: string | undefined },
): Buffer {
  const isPlain = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
  const bytes = Buffer.from(isPlain ? (body ?? '') : JSON.stringify(body));
  const fields = {
    host: 'tenantry.example.com',
    'x-forwarded-for': address,
    ...(body !== undefined && { 'content-type': 'application/json', 'content-length': bytes.length }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), bytes]);
}
