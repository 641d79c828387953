import type { ServerOptions } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  type onRequestHookHandler,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify';
import type { Principal } from '../access/principal.ts';
import type { Log } from '../log.ts';
import type { Organization } from '../organizations/organization.ts';
import type { Span, Tracer } from '../tracing.ts';
import { plainAddress } from './address.ts';
import { answerWith, securityHeaders } from './answer.ts';
import { readBodies } from './body.ts';
import { type BareAnswers, clientErrorHandler, connectHandler } from './client-errors.ts';
import { Connections } from './connections.ts';
import { failureHandler } from './failures.ts';
import { FrameworkLog } from './framework-log.ts';
import { type CallLimits, limitCalls } from './limiting.ts';
import type { Turn } from './organization-turns.ts';
import type { EdgeError } from './problems.ts';
import { allowedMethods, MOST_HEADER_BYTES, malformation, noRoute, unknownRoute } from './refusals.ts';
import { countingIds, idsOfProxy } from './request-id.ts';
import { type Answered, logWhenAnswered } from './request-log.ts';
import { beginSpan } from './request-span.ts';
import type { RouteClass } from './route-table.ts';
import { compileValidator } from './validation.ts';
import { Workload } from './workload.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who calls, and for which organization, may be as it stood some seconds ago; or only where other instances tell of changes. */
    recent?: true | 'if told';
    /** About an organization's events: the operator's also where it is no more. */
    hasTrail?: true;
    /** A route of the reference API, where some codes have another status. */
    reference?: true;
    /** A route that keeps the preconditions of a request (If-Match). */
    conditional?: true;
    /** What its calls count as, beside all calls of an address: nothing more where it is left out. */
    limitClass?: RouteClass;
    /** Its calls are counted where it is known who calls. */
    countedLater?: true;
  }
  interface FastifyRequest {
    /** Where it comes from, in one spelling. */
    address: string;
    /** What is wrong with it as such. */
    malformation: EdgeError | undefined;
    /** Who makes it, where its route demands a token. */
    principal: Principal | undefined;
    /** When the decision began who calls, in milliseconds of `performance.now()`. */
    decidedAt: number;
    /** Which one it is about, where its path names one. */
    organization: Organization | undefined;
    /** Whose events it is about, where its route has `hasTrail`: also of an organization that is no more. */
    trail: string | undefined;
    /** Beside `trail`: checks again whether the caller may know of it. @throws {TenantryError} as the guard does */
    checkAgain: (() => Promise<void>) | undefined;
    /** Its turn among those of the organization, where it took one. */
    turn: Turn | undefined;
    /** Where traces are collected. */
    span: Span | undefined;
  }
  interface FastifyReply {
    /** Of the problem that it tells; for the log. */
    problemCode: string | undefined;
  }
  interface FastifyInstance {
    /** The connections that are open. */
    connections: Connections;
    /** What is in work. */
    workload: Workload;
  }
}

/** The server, before and after its routes are added. */
export type Server = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** What the server is handed. */
export interface FrameworkParts {
  readonly log: Log;
  /** Undefined: nobody collects traces. */
  readonly tracer?: Tracer | undefined;
  /** Called once for each answer. */
  onAnswer(answered: Answered): void;
  /** Undefined: nothing is limited. */
  readonly limits: CallLimits | undefined;
  /** How many requests wait for a password hash. */
  hashesWaiting(): number;
  /** Whose a path is that processes of another role have; undefined: nobody's. */
  elsewhere(path: string): string | undefined;
  readonly settings: FrameworkSettings;
}

/** The settings that say how the server behaves. */
export interface FrameworkSettings {
  /** Where callers reach the service. */
  readonly PUBLIC_URL: string | undefined;
  /** The proxies whose word on a caller's address and a request's id is taken, as Fastify's `trustProxy` has them. */
  readonly TRUST_PROXY: false | string[];
  /** The origins of the pages that may call from a browser; undefined is none. */
  readonly CORS_ORIGINS: readonly string[] | undefined;
  /** In which a request must have arrived. */
  readonly REQUEST_TIMEOUT_SECONDS: number;
  readonly BODY_LIMIT_BYTES: number;
  /** In work at once. */
  readonly REQUESTS: number;
}

/** Characters of a part of a path, decoded: as many as a name that only selects may have. */
const LONGEST_PARAMETER = 1_024;

/** Milliseconds that an idle connection is kept: longer than the 60 s of common load balancers, which must end it first. */
const KEEP_ALIVE = 72_000;

/** Milliseconds after which a connection ends on which nothing moves, such as one whose caller takes no answer. */
const STANDSTILL = 120_000;

/** What browsers may read of an answer, beside the header fields that they always may. */
const EXPOSED_HEADERS = ['X-Request-Id', 'RateLimit', 'RateLimit-Policy', 'Retry-After', 'ETag', 'Location'];

/**
 * Makes the server without its routes: how requests are read, limited, counted and logged, and how every error is told,
 * the framework's and Node's own among them.
 */
export function buildFramework(parts: FrameworkParts): Server {
  const { log, settings, tracer } = parts;
  const requestTimeout = settings.REQUEST_TIMEOUT_SECONDS * 1_000;
  const connections = new Connections();
  const headers = securityHeaders(settings.PUBLIC_URL);
  const nextId = countingIds();
  const bare: BareAnswers = { connections, headers, nextId, onAnswered: bareAnswered(parts) };
  const workload = new Workload({
    most: settings.REQUESTS,
    hashesWaiting: () => parts.hashesWaiting(),
    connections,
    nextId,
    log,
    onAnswer: (answered) => parts.onAnswer(answered),
  });
  const fail = failureHandler(log);
  const count = parts.limits && limitCalls(parts.limits);
  const begin = (request: FastifyRequest, reply: FastifyReply): void => {
    // Asked now: a socket that has ended does not know it any more.
    request.address = plainAddress(request.ip);
    request.malformation = malformation(request);
    if (tracer !== undefined) beginSpan(tracer, request);
    logWhenAnswered(parts, request, reply);
    connections.begin(request.raw.socket, reply.raw);
    reply.header('x-request-id', request.id);
  };
  const server: Server = fastify({
    requestTimeout,
    keepAliveTimeout: KEEP_ALIVE,
    connectionTimeout: STANDSTILL,
    http: { ...parsing(requestTimeout), ServerResponse: answerWith(headers, connections, workload) },
    bodyLimit: settings.BODY_LIMIT_BYTES,
    trustProxy: settings.TRUST_PROXY,
    genReqId: settings.TRUST_PROXY === false ? nextId : idsOfProxy(nextId),
    routerOptions: { querystringParser: leaveQuery, maxParamLength: LONGEST_PARAMETER },
    logController: new FrameworkLog(log),
    clientErrorHandler: clientErrorHandler(bare),
    // Comes before any hook.
    frameworkErrors: (error, request, reply) => {
      const [asked, answer] = [request as FastifyRequest, reply as FastifyReply];
      begin(asked, answer);
      const tell = (refusal?: Error) => fail(refusal ?? error, asked, answer);
      if (count === undefined) tell();
      else count.call(server, asked, answer, tell);
    },
    // A request that comes on an open connection while the server stops is answered, and its connection ends.
    return503OnClosing: false,
  });
  connections.watch(server.server);
  server.server.on('connection', () => workload.accepted());
  const route: typeof server.routing = (request, answer) => {
    if (!connections.admit(request, answer)) return;
    workload.admit(request, answer, () => server.routing(request, answer));
  };
  // Before Fastify, which makes much of a request.
  server.server.off('request', server.routing).on('request', route);
  server.server.on('connect', connectHandler(bare));
  // Without a listener Node would answer 417 without a body.
  server.server.on('checkExpectation', route);
  server.decorate('connections', connections);
  server.decorate('workload', workload);
  server.setErrorHandler(fail);
  server.setValidatorCompiler(compileValidator);
  readBodies(server);
  server.decorateReply('problemCode', undefined);
  server.decorateRequest('address', '');
  server.decorateRequest('malformation', undefined);
  server.decorateRequest('principal', undefined);
  server.decorateRequest('organization', undefined);
  server.decorateRequest('trail', undefined);
  server.decorateRequest('checkAgain', undefined);
  server.decorateRequest('decidedAt', 0);
  server.decorateRequest('turn', undefined);
  server.decorateRequest('span', undefined);
  addHooks(server, { settings, begin, count });
  return server;
}

interface Hooks {
  readonly settings: FrameworkSettings;
  readonly begin: (request: FastifyRequest, reply: FastifyReply) => void;
  /** Counts a call against the limit of its address. */
  readonly count: onRequestHookHandler | undefined;
}

/** The order of checks: the limit of the address, the form of the request, whether there is such a route. */
function addHooks(server: Server, { settings, begin, count }: Hooks): void {
  server.addHook('onRequest', (request, reply, done) => {
    begin(request, reply);
    // All that follows is within the span; Fastify sees to it that it is so behind a body too.
    if (request.span === undefined) done();
    else request.span.within(done);
  });
  // Adds header fields and refuses nothing: so early that a page may read every refusal.
  if (settings.CORS_ORIGINS !== undefined) {
    server.register(import('@fastify/cors'), {
      origin: [...settings.CORS_ORIGINS],
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      allowedHeaders: [
        'Authorization',
        'Content-Type',
        'Idempotency-Key',
        'If-Match',
        'If-None-Match',
        'Last-Event-ID',
      ],
      exposedHeaders: EXPOSED_HEADERS,
      maxAge: 600,
      // It would answer 400 in plain text.
      strictPreflight: false,
      // It would answer before the limit, and where there is nothing.
      preflightContinue: true,
    });
  }
  if (count !== undefined) server.addHook('onRequest', count);
  // Here, and not in a handler: nothing of a body is read for a route that is not there.
  server.addHook('onRequest', (request, _reply, done) => {
    done(request.malformation ?? (request.is404 ? unknownRoute(server, request) : undefined));
  });
  if (settings.CORS_ORIGINS !== undefined) server.addHook('onRequest', answerPreflights(server));
}

function answerPreflights(server: Server): onRequestHookHandler {
  return (request, reply, done) => {
    if (request.method !== 'OPTIONS') done();
    else if (allowedMethods(server, request.url).length === 0) done(noRoute());
    else reply.code(204).send();
  };
}

/** The query stays text until a route's validator reads it: here nothing could be refused. */
function leaveQuery(query: string): Record<string, unknown> {
  return query as unknown as Record<string, unknown>;
}

function parsing(requestTimeout: number): ServerOptions {
  return {
    maxHeaderSize: MOST_HEADER_BYTES,
    // Checked with the other malformations, which are told in full.
    requireHostHeader: false,
    requestTimeout,
    headersTimeout: requestTimeout,
    // How late a timeout may be told.
    connectionsCheckingInterval: Math.min(1_000, Math.ceil(requestTimeout / 10)),
    // A request without a body need not be a stream that ends.
    optimizeEmptyRequests: true,
  };
}

function bareAnswered({ log, onAnswer }: FrameworkParts): BareAnswers['onAnswered'] {
  return (request_id, socket, { status, code }) => {
    const about = { method: 'unknown', route: 'unknown', status };
    log.info({ request_id, ...about, code, milliseconds: 0, address: plainAddress(socket.remoteAddress) }, 'answered');
    onAnswer({ ...about, seconds: 0, code });
  };
}
