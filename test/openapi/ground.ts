import { type RequestOptions, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { memoryLimits } from '../../src/cache/memory/limits.ts';
import type { Edge } from '../../src/http/edge.ts';
import type { Server } from '../../src/http/framework.ts';
import { buildServer } from '../../src/http/server.ts';
import { readSettings } from '../../src/settings.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { firstBlockOf } from '../event-stream.ts';
import type { TestTenancy } from '../tenancy.ts';

/** How a server differs from the one that all is well with. */
export interface Different {
  /** Settings by their names in the environment. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly edge?: (edge: Edge) => Partial<Edge>;
  /** Called once it listens. */
  readonly prepare?: (server: Server) => void;
}

/** A server that listens on a free port until the end of its scope. */
export interface Listening extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
}

/** The version that the servers of these tests say they are. */
export const testVersion = '1.2.3';

/** The operator's token of these servers. */
export const operatorToken = 'o'.repeat(32);

/** The edge of a tenancy, with limits of its own that nothing has counted against. */
export function edgeOf(
  { tenancy, clock, keys }: TestTenancy,
  { environment = {}, edge = () => ({}) }: Different = {},
): Edge {
  const { settings } = readSettings({
    TENANTRY_ENV: 'test',
    TENANTRY_OPERATOR_TOKEN: operatorToken,
    ...environment,
  });
  const well: Edge = {
    settings,
    tenancy: { ...tenancy, limits: memoryLimits({ now: clock.now }) },
    keys: { ...keys, jwks: () => ({ keys: [publicKey] }) },
    metrics: createMetrics(),
    log: tenancy.log,
    version: testVersion,
    ready: async () => {},
  };
  return { ...well, ...edge(well) };
}

/** Listens with the edge of a tenancy. */
export async function listen(opened: TestTenancy, different: Different = {}): Promise<Listening> {
  const server = buildServer(edgeOf(opened, different));
  await server.listen({ host: '127.0.0.1', port: 0 });
  different.prepare?.(server);
  const { port } = server.server.address() as AddressInfo;
  return { server, port, [Symbol.asyncDispose]: () => server.close() };
}

/** A call as it is sent. */
export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
  /** Sends no Host field. */
  readonly hostless?: true;
  /** Sends the beginning of the head and then nothing more. */
  readonly unfinished?: true;
}

/** What came back. */
export interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Sends a call over a connection of its own. */
export function send(port: number, { method, path, headers, body, hostless, unfinished }: Sent): Promise<Received> {
  if (unfinished) return sendText(port, `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nX-Begun: `);
  const { promise, resolve, reject } = Promise.withResolvers<Received>();
  // Node's client would send the body of a GET without saying how long it is.
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  const options: RequestOptions = { port, host: '127.0.0.1', method, path, headers: { ...headers, ...length } };
  const sent = request({ ...options, agent: false, setHost: !hostless }, (response) => {
    const { statusCode = 0, headers } = response;
    const isEndless = headers['content-type'] === 'text/event-stream';
    (isEndless ? firstBlockOf(response) : text(response)).then(
      (body) => resolve({ status: statusCode, headers, text: body }),
      reject,
    );
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

/** Sends what Node's client would not, and reads the answer up to the end of the connection. */
async function sendText(port: number, head: string): Promise<Received> {
  const socket = connect(port, '127.0.0.1');
  socket.write(head);
  const answer = await text(socket);
  const [top = '', body = ''] = answer.split('\r\n\r\n');
  const [statusLine = '', ...fields] = top.split('\r\n');
  const headers = Object.fromEntries(fields.map((field) => field.toLowerCase().split(': ', 2)));
  return { status: Number(statusLine.split(' ')[1]), headers, text: body };
}

const publicKey = {
  kty: 'OKP',
  crv: 'Ed25519',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
  alg: 'EdDSA',
  use: 'sig',
} as const;
