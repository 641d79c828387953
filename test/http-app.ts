import type { AddressInfo } from 'node:net';
import { memoryLimits } from '../src/cache/memory/limits.ts';
import { buildFramework, type FrameworkParts, type FrameworkSettings, type Server } from '../src/http/framework.ts';
import { type CallLimits, callLimits } from '../src/http/limiting.ts';
import type { Answered } from '../src/http/request-log.ts';
import type { Log } from '../src/log.ts';
import type { Tracer } from '../src/tracing.ts';
import { testClock } from './clock.ts';

/** A line of the log. */
export interface LoggedLine {
  readonly level: keyof Log;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A server with a few routes of its own, listening. Closed at the end of its scope. */
export interface TestApp extends AsyncDisposable {
  readonly server: Server;
  /** What the server was handed. */
  readonly parts: FrameworkParts;
  readonly port: number;
  readonly url: string;
  readonly logged: readonly LoggedLine[];
  readonly answered: readonly Answered[];
  /** Resolves with the next answer that is counted. */
  nextAnswered(): Promise<Answered>;
  /** How often the handler of `POST /echo` has run. */
  readonly echoes: () => number;
  /** Resolves when `GET /slow` is in work. */
  readonly slowBegun: Promise<void>;
  /** Lets `GET /slow` answer. */
  finishSlow(): void;
}

/** How the server differs from the default. */
export interface TestAppOptions {
  readonly settings?: Partial<FrameworkSettings>;
  readonly limits?: CallLimits;
  /** How many requests wait for a hash. */
  readonly hashesWaiting?: number;
  readonly tracer?: Tracer;
}

const defaults: FrameworkSettings = {
  PUBLIC_URL: undefined,
  TRUST_PROXY: false,
  CORS_ORIGINS: undefined,
  REQUEST_TIMEOUT_SECONDS: 15,
  BODY_LIMIT_BYTES: 1_048_576,
  REQUESTS: 600,
};

/** Limits that count on a clock that stands still. */
export function testLimits(most: { calls?: number }): CallLimits {
  const outOfReach = { most: 1_000, seconds: 60 };
  return callLimits(memoryLimits({ now: testClock().now }), {
    LIMIT_ADDRESS: { most: most.calls ?? 1_000, seconds: 60 },
    LIMIT_CREATE_ADDRESS: outOfReach,
    LIMIT_LOGIN_ADDRESS: outOfReach,
    LIMIT_TOKEN: outOfReach,
    LIMIT_ORGANIZATION: outOfReach,
    LIMIT_WRITE: outOfReach,
    LIMIT_TRANSFER: outOfReach,
  });
}

/** Starts a server on any free port. */
export async function startApp(options: TestAppOptions = {}): Promise<TestApp> {
  const { settings, limits, hashesWaiting = 0, tracer } = options;
  const logged: LoggedLine[] = [];
  const answered: Answered[] = [];
  const waiting: ((answer: Answered) => void)[] = [];
  const slowBegun = Promise.withResolvers<void>();
  const slow = Promise.withResolvers<void>();
  let echoes = 0;
  const parts: FrameworkParts = {
    log: logInto(logged),
    tracer,
    limits,
    hashesWaiting: () => hashesWaiting,
    elsewhere: () => undefined,
    settings: { ...defaults, ...settings },
    onAnswer(answer) {
      answered.push(answer);
      waiting.shift()?.(answer);
    },
  };
  const server = buildFramework(parts);
  server.post('/echo', { schema: { body: echoed } }, async (request) => {
    echoes += 1;
    return request.body;
  });
  server.post('/reference', { schema: { body: echoed }, config: { reference: true } }, async (request) => request.body);
  server.get('/named', { schema: { querystring: named } }, async (request) => ({ name: request.query.name }));
  server.get('/part/:part', async () => ({}));
  server.get('/fails', async () => {
    throw new Error('SELECT secret FROM vault');
  });
  server.get('/quiet', { config: { limitClass: 'uncounted' } }, async () => ({}));
  server.get('/health/live', async () => ({}));
  server.delete('/thing', async () => ({ deleted: true }));
  server.get('/slow', async () => {
    slowBegun.resolve();
    await slow.promise;
    return { slow: true };
  });
  await server.listen({ port: 0, host: '127.0.0.1' });
  const { port } = server.server.address() as AddressInfo;
  return {
    server,
    parts,
    port,
    url: `http://127.0.0.1:${port}`,
    logged,
    answered,
    nextAnswered: () => new Promise((resolve) => waiting.push(resolve)),
    echoes: () => echoes,
    slowBegun: slowBegun.promise,
    finishSlow: slow.resolve,
    async [Symbol.asyncDispose]() {
      slow.resolve();
      server.connections.endAll();
      await server.close();
    },
  };
}

const echoed = {
  type: 'object',
  additionalProperties: false,
  required: ['text'],
  properties: { text: { type: 'string' }, count: { type: 'integer' }, nested: {} },
} as const;

const named = { type: 'object', required: ['name'], properties: { name: { type: 'string' } } } as const;

function logInto(lines: LoggedLine[]): Log {
  const add = (level: keyof Log) => (fields: object, message: string) =>
    void lines.push({ level, fields: { ...fields, message } });
  return { info: add('info'), warn: add('warn'), error: add('error'), audit: add('audit') };
}
