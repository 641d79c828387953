import type { FastifyRequest } from 'fastify';
import type { CarriedTrace, SpanAttributes, Tracer } from '../tracing.ts';

/** What is asked for all the time, and says of no call how it went. */
const untraced: ReadonlySet<string | undefined> = new Set(['/health/live', '/health/ready', '/metrics']);

/** The methods that are told by their names; what else a caller makes up is `_OTHER` (OpenTelemetry, "HTTP spans"). */
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE']);

/** What became of a request, as its line in the log has it. */
export interface Ending {
  readonly status: number;
  /** Of the problem that was told. */
  readonly code?: string | undefined;
}

/**
 * Begins the span of a request; `endSpan` ends it. Its names are those of OpenTelemetry's conventions for HTTP. The path is
 * none of them: names of organizations are in it.
 */
export function beginSpan(tracer: Tracer, request: FastifyRequest): void {
  const route = request.routeOptions.url;
  if (untraced.has(route)) return;
  const method = methods.has(request.method) ? request.method : '_OTHER';
  const named = method === '_OTHER' ? 'HTTP' : method;
  const attributes: SpanAttributes = {
    'http.request.method': method,
    ...(route !== undefined && { 'http.route': route }),
    'url.scheme': request.protocol,
    'client.address': request.address,
    'tenantry.request_id': request.id,
  };
  const name = route === undefined ? named : `${named} ${route}`;
  request.span = tracer.begin(name, { kind: 'server', attributes, carried: carriedBy(request) });
}

/** Ends the span of a request, where it has one. */
export function endSpan({ span, organization, trail }: FastifyRequest, { status, code }: Ending): void {
  if (span === undefined) return;
  const id = organization?.id ?? trail;
  span.note({ 'http.response.status_code': status, ...(id !== undefined && { 'tenantry.organization': id }) });
  if (status >= 500) span.fail(code ?? String(status));
  span.end();
}

/**
 * The trace that a trusted proxy goes on with. Anybody else's is left alone: a stranger would choose which calls are kept,
 * and could put them into the traces of others. Only where the connection is a trusted proxy's has `ips` more than one.
 */
function carriedBy({ ips, headers }: FastifyRequest): CarriedTrace | undefined {
  const { traceparent, tracestate } = headers;
  if (ips === undefined || ips.length < 2 || typeof traceparent !== 'string') return undefined;
  return { traceparent, tracestate: typeof tracestate === 'string' ? tracestate : undefined };
}
