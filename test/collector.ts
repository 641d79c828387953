import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A span as it was sent. */
export interface SentSpan {
  readonly name: string;
  /** In hexadecimal digits. */
  readonly traceId: string;
  readonly spanId: string;
  /** Undefined where a trace begins with it. */
  readonly parentSpanId: string | undefined;
  /** 2 is a server's, 3 a client's, 4 a producer's (OpenTelemetry's `trace.proto`). */
  readonly kind: number;
  /** Nanoseconds since 1970. */
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** 0 where nothing was noted, 2 is an error. */
  readonly status: number;
  readonly statusMessage: string | undefined;
}

/** What a collector does with what it is sent. */
export type Manner = 'takes' | 'refuses' | 'hangs';

/** A server that takes traces by OTLP over HTTP, as JSON. It ends with its scope. */
export interface Collector extends AsyncDisposable {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  /** What it was sent so far, oldest first. */
  readonly spans: readonly SentSpan[];
  /** Of whom they are. */
  readonly resources: readonly Readonly<Record<string, unknown>>[];
  /** Each body as it came, and the header fields and path with it. */
  readonly requests: readonly { readonly text: string; readonly headers: IncomingHttpHeaders; readonly path: string }[];
  /** Resolves with the next request. */
  nextRequest(): Promise<void>;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number | string };
}

interface Body {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<SentSpan, 'attributes' | 'status'> & {
        readonly attributes: readonly Attribute[];
        readonly status: { readonly code: number; readonly message?: string };
      })[];
    }[];
  }[];
}

/** Starts a collector on a free port. */
export async function startCollector(manner: Manner = 'takes'): Promise<Collector> {
  const spans: SentSpan[] = [];
  const resources: Readonly<Record<string, unknown>>[] = [];
  const requests: Collector['requests'][number][] = [];
  const waiting: (() => void)[] = [];
  const server = createServer(async (request, answer) => {
    const body = (await json(request)) as Body;
    requests.push({ text: JSON.stringify(body), headers: request.headers, path: request.url ?? '' });
    for (const { resource, scopeSpans } of body.resourceSpans) {
      resources.push(valuesOf(resource.attributes));
      spans.push(...scopeSpans.flatMap((scope) => scope.spans.map(sent)));
    }
    for (const resolve of waiting.splice(0)) resolve();
    if (manner === 'hangs') return;
    answer.writeHead(manner === 'takes' ? 200 : 400, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    resources,
    requests,
    nextRequest: () => new Promise((resolve) => waiting.push(resolve)),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function sent({
  attributes,
  status,
  ...span
}: Body['resourceSpans'][number]['scopeSpans'][number]['spans'][number]): SentSpan {
  return {
    ...span,
    parentSpanId: span.parentSpanId || undefined,
    attributes: valuesOf(attributes),
    status: status.code,
    statusMessage: status.message,
  };
}

function valuesOf(attributes: readonly Attribute[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.intValue === undefined ? value.stringValue : Number(value.intValue),
    ]),
  );
}

/** The spans directly below another. */
export function childrenOf({ spans }: Pick<Collector, 'spans'>, { traceId, spanId }: SentSpan): readonly SentSpan[] {
  return spans.filter((span) => span.traceId === traceId && span.parentSpanId === spanId);
}
