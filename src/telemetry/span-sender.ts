import { TraceFlags } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter, type SpanProcessor } from '@opentelemetry/sdk-trace';

/** Who collects traces. */
export interface Collector {
  /** Takes traces by OTLP over HTTP, as JSON. */
  readonly url: string;
  /** Of each request to it: secret. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMilliseconds: number;
}

/** How many spans were lost since the last time that it was told, and why those of now were. */
export interface LostSpans {
  readonly lost: number;
  readonly reason: string;
}

/** Spans that wait to be sent; those that end when so many wait are lost. */
export const mostWaiting = 2_048;

/** Milliseconds between two lines of the log about spans that are lost. */
const quietMilliseconds = 60_000;

/** Characters of a reason: a status line is the collector's to write. */
const longestReason = 200;

/**
 * Sends spans to a collector, many together and every five seconds, and tells of those that are lost, at most once in a
 * minute. The library tries again for as long as the timeout lasts.
 *
 * @param now milliseconds that never go back; `performance` unless a test gives one
 */
export function sendSpans(
  { url, headers, timeoutMilliseconds }: Collector,
  onLost: (lost: LostSpans) => void,
  now: () => number = () => performance.now(),
): SpanProcessor {
  const collector = new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis: timeoutMilliseconds });
  let waiting = 0;
  let lost = 0;
  let quietUntil = Number.NEGATIVE_INFINITY;

  function lose(count: number, reason: string): void {
    lost += count;
    if (now() < quietUntil) return;
    quietUntil = now() + quietMilliseconds;
    onLost({ lost, reason });
    lost = 0;
  }

  const exporter: SpanExporter = {
    export(spans, onResult) {
      waiting -= spans.length;
      collector.export(spans, (result) => {
        if (result.code !== ExportResultCode.SUCCESS) lose(spans.length, reasonOf(result));
        onResult(result);
      });
    },
    shutdown: () => collector.shutdown(),
  };
  const batches = new BatchSpanProcessor({
    exporter,
    maxQueueSize: mostWaiting,
    exportTimeoutMillis: 2 * timeoutMilliseconds,
  });
  return {
    onStart: (span, context) => batches.onStart(span, context),
    onEnd(span: ReadableSpan) {
      // The library drops it then, and tells nobody.
      if (waiting >= mostWaiting) lose(1, `${mostWaiting} wait already`);
      else if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) waiting += 1;
      batches.onEnd(span);
    },
    forceFlush: () => batches.forceFlush(),
    shutdown: () => batches.shutdown(),
  };
}

/** A status or a code of the system, and the message behind it: no header and no body is in either. */
function reasonOf({ error }: ExportResult): string {
  const code = error !== undefined && 'code' in error ? `${error.code} ` : '';
  return `${code}${error?.message ?? 'no answer'}`.slice(0, longestReason);
}
