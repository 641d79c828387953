import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import {
  type Context,
  ROOT_CONTEXT,
  type Span as SdkSpan,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { TenantryError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { CarriedTrace, Span, SpanAttributes, SpanStart, TraceIds, Tracer } from '../tracing.ts';
import { type Collector, sendSpans } from './span-sender.ts';

/** What is collected, by whom, and of which service. */
export interface TracesSettings extends Collector {
  readonly resource: Readonly<Record<string, string>>;
  /** `share` is 0 to 1, of the traces that begin here; `followsParent`: one that began elsewhere is as it is there. */
  readonly sampling: { readonly share: number; readonly followsParent: boolean };
  /** Of the program. */
  readonly version: string;
}

/** The traces of the process, as `main` holds them. */
export interface Traces {
  readonly tracer: Tracer;
  /** The ids of the span that is active, for a line of the log; nothing where there is none. */
  readonly active: () => Partial<TraceIds>;
  /** Sends what is left, for so many milliseconds at most. */
  stop(milliseconds: number): Promise<void>;
}

/** A span, as it is active. */
interface ActiveSpan extends Span {
  readonly context: Context;
  readonly hasEnded: boolean;
}

const kinds = { server: SpanKind.SERVER, producer: SpanKind.PRODUCER, client: SpanKind.CLIENT } as const;

const propagator = new W3CTraceContextPropagator();

/**
 * Collects traces by OpenTelemetry. Nothing of it is made global: no other module is changed, and none makes spans of its
 * own. Spans that cannot be sent are lost.
 *
 * @param log is first asked for once spans are lost
 */
export function createTraces(settings: TracesSettings, log: () => Log): Traces {
  const spans = new AsyncLocalStorage<ActiveSpan>();
  const sender = sendSpans(settings, (lost) => {
    log().warn(lost, 'spans are lost: the collector of the traces did not take them');
  });
  const provider = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({
        'service.version': settings.version,
        'service.instance.id': randomUUID(),
        ...settings.resource,
      }),
    ),
    sampler: samplerOf(settings),
    spanProcessors: [sender],
  });
  const sdk = provider.getTracer('tenantry', settings.version);

  function active(): ActiveSpan | undefined {
    const span = spans.getStore();
    return span?.hasEnded ? undefined : span;
  }

  function open(span: SdkSpan, above: Context): ActiveSpan {
    const { traceId, spanId, traceFlags } = span.spanContext();
    let hasEnded = false;
    const opened: ActiveSpan = {
      ids: { trace_id: traceId, span_id: spanId },
      traceparent: `00-${traceId}-${spanId}-${(traceFlags & TraceFlags.SAMPLED) === 0 ? '00' : '01'}`,
      context: trace.setSpan(above, span),
      get hasEnded() {
        return hasEnded;
      },
      within: (work) => spans.run(opened, work),
      note: (attributes) => void span.setAttributes(attributes),
      fail(code) {
        span.setAttribute('error.type', code).setStatus({ code: SpanStatusCode.ERROR });
      },
      end() {
        if (!hasEnded) span.end();
        hasEnded = true;
      },
    };
    return opened;
  }

  function begin(name: string, { kind, attributes, carried }: SpanStart): Span {
    const above = carried === undefined ? ROOT_CONTEXT : contextOf(carried);
    return open(sdk.startSpan(name, { kind: kinds[kind], attributes }, above), above);
  }

  async function callWithin<T>(
    span: ActiveSpan,
    work: (note: (attributes: SpanAttributes) => void) => Promise<T>,
  ): Promise<T> {
    try {
      return await span.within(() => work(span.note));
    } catch (error) {
      span.fail(error instanceof TenantryError ? error.code : 'internal');
      throw error;
    } finally {
      span.end();
    }
  }

  return {
    tracer: {
      begin,
      call(name, attributes, work) {
        const above = active();
        if (above === undefined) return work(() => {});
        const span = sdk.startSpan(name, { kind: kinds.client, attributes }, above.context);
        return callWithin(open(span, above.context), work);
      },
    },
    active: () => ({ ...active()?.ids }),
    async stop(milliseconds) {
      const { promise: isSent, resolve } = Promise.withResolvers<boolean>();
      const timer = setTimeout(() => resolve(false), milliseconds);
      // What fails is lost, of which the exporter tells.
      void Promise.allSettled([provider.shutdown()]).then(() => resolve(true));
      if (!(await isSent)) {
        log().warn({}, 'the last spans are lost: the collector of the traces did not take them in time');
      }
      clearTimeout(timer);
    },
  };
}

function samplerOf({ sampling: { share, followsParent } }: TracesSettings) {
  const root = new TraceIdRatioBasedSampler(share);
  return followsParent ? new ParentBasedSampler({ root }) : root;
}

/** The context of a trace that began elsewhere; an empty one where what carries it is malformed. */
function contextOf({ traceparent, tracestate }: CarriedTrace): Context {
  const fields = { traceparent, ...(tracestate !== undefined && { tracestate }) };
  return propagator.extract(ROOT_CONTEXT, fields, {
    keys: (carrier) => Object.keys(carrier),
    get: (carrier: Record<string, string>, name) => carrier[name],
  });
}
