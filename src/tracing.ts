/**
 * Traces as the parts see them; `telemetry/` makes the tracer and `main.ts` hands it out. Where nobody collects traces there
 * is none, and nothing is done in its place.
 */
export interface Tracer {
  /** Begins the first span of a trace in this process. @param carried the trace to go on with; a new one unless given */
  begin(name: string, start: SpanStart): Span;

  /**
   * Does work as a span below the one that is active. What it throws is noted by its code. Where no span is active, as in
   * what the service does from time to time by itself, the work is done and nothing else.
   */
  call<T>(name: string, attributes: SpanAttributes, work: (note: NoteAttributes) => Promise<T>): Promise<T>;
}

/**
 * What is said of a span. Never a secret, and no text that somebody sent or that came from inside: names that a program chose,
 * numbers, codes, and ids as the log has them.
 */
export type SpanAttributes = Readonly<Record<string, string | number>>;

/** Adds to what is said of a span. */
export type NoteAttributes = (attributes: SpanAttributes) => void;

/** How a span begins. */
export interface SpanStart {
  /** `server`: it answers a request; `producer`: it hands something on that others work on later. */
  readonly kind: 'server' | 'producer';
  readonly attributes: SpanAttributes;
  readonly carried?: CarriedTrace | undefined;
}

/** A trace as header fields carry it (W3C Trace Context); what is malformed counts as none. */
export interface CarriedTrace {
  readonly traceparent: string;
  readonly tracestate?: string | undefined;
}

/** A piece of work within a trace. */
export interface Span {
  /** As the lines of the log have them. */
  readonly ids: TraceIds;
  /** What carries the trace on from here, as `CarriedTrace` has it. */
  readonly traceparent: string;
  /** Does work with this span active: in it, and in all that it awaits or begins, until the span ends. */
  within<T>(work: () => T): T;
  note: NoteAttributes;
  /** Notes that it failed. @param code one of few */
  fail(code: string): void;
  /** Ends it; more than once is once. */
  end(): void;
}

/** The trace that a line of the log belongs to, and the span in it, in hexadecimal digits. */
export interface TraceIds {
  readonly trace_id: string;
  readonly span_id: string;
}
