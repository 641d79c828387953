/** Where traces are sent, and which. */
export interface CollectorSettings {
  /** Takes traces by OTLP over HTTP, as JSON. */
  readonly url: string;
  /** Of each request to it, such as a token: secret. */
  readonly headers: Readonly<Record<string, string>>;
  /** In which a request to it must be answered. */
  readonly timeoutMilliseconds: number;
  /** What is told of this service with each trace. */
  readonly resource: Readonly<Record<string, string>>;
  readonly sampling: Sampling;
}

/** Which traces are collected. */
export interface Sampling {
  /** Of those that begin here: 0 is none, 1 is all. */
  readonly share: number;
  /** Whether one that a trusted proxy began is collected where it is there. */
  readonly followsParent: boolean;
}

/** A variable of OpenTelemetry's own, which all programs that send traces have. */
export interface CollectorVariable {
  readonly accepts: string;
  readonly secret?: true;
}

/** Those that are read here; its exporter reads some more by itself (docs/operations.md). */
export const collectorVariables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    accepts:
      'http:// or https://, a host, if need be a port and a path, such as http://127.0.0.1:4318; user and password belong into OTEL_EXPORTER_OTLP_HEADERS',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    accepts: 'name=value, several with commas between, in values percent signs before what is no letter or digit',
    secret: true,
  },
  OTEL_EXPORTER_OTLP_PROTOCOL: {
    accepts: 'http/json, which is the one that is spoken here; most collectors have it at port 4318',
  },
  OTEL_EXPORTER_OTLP_TIMEOUT: { accepts: 'a whole number of milliseconds from 1 to 60000' },
  OTEL_SERVICE_NAME: { accepts: 'text' },
  OTEL_RESOURCE_ATTRIBUTES: {
    accepts: 'name=value, several with commas between, such as deployment.environment.name=production',
  },
  OTEL_TRACES_SAMPLER: {
    accepts:
      'one of always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, parentbased_traceidratio',
  },
  OTEL_TRACES_SAMPLER_ARG: { accepts: 'a number from 0 to 1, the share of the traces, such as 0.1' },
  OTEL_SDK_DISABLED: { accepts: 'true or false' },
} as const satisfies Record<string, CollectorVariable>;

/** The name of a variable of OpenTelemetry that is read. */
export type CollectorVariableName = keyof typeof collectorVariables;

/** What is wrong, and the variable. */
export interface WrongVariable {
  readonly name: CollectorVariableName;
  readonly right: string;
}

/** The settings; `value` is undefined where no traces are to be sent. */
export type CollectorReading =
  | { readonly value: CollectorSettings | undefined }
  | { readonly wrong: readonly WrongVariable[] };

/**
 * Reads where traces are sent, by the rules of OpenTelemetry ("OpenTelemetry Protocol Exporter" and "Environment Variable
 * Specification"). Nothing is read where there is no endpoint: what others of the machine are told may stand there.
 *
 * @param find gives the text of a variable; an empty one counts as not set
 */
export function readCollector(find: (name: CollectorVariableName) => string | undefined): CollectorReading {
  const wrong: WrongVariable[] = [];
  function read<T>(
    name: CollectorVariableName,
    initial: string,
    reader: (text: string) => T | undefined,
  ): T | undefined {
    const value = reader(find(name) || initial);
    if (value === undefined) wrong.push({ name, right: collectorVariables[name].accepts });
    return value;
  }
  if (!find('OTEL_EXPORTER_OTLP_ENDPOINT')) return { value: undefined };
  const isDisabled = read('OTEL_SDK_DISABLED', 'false', readBoolean);
  if (isDisabled === true) return { value: undefined };
  const url = read('OTEL_EXPORTER_OTLP_ENDPOINT', '', readEndpoint);
  const headers = read('OTEL_EXPORTER_OTLP_HEADERS', '', readHeaders);
  read('OTEL_EXPORTER_OTLP_PROTOCOL', 'http/json', (text) => (text === 'http/json' ? text : undefined));
  const timeoutMilliseconds = read('OTEL_EXPORTER_OTLP_TIMEOUT', '10000', readTimeout);
  const attributes = read('OTEL_RESOURCE_ATTRIBUTES', '', readPairs);
  const sampler = read('OTEL_TRACES_SAMPLER', 'parentbased_always_on', readSampler);
  const share = sampler?.hasShare ? read('OTEL_TRACES_SAMPLER_ARG', '1', readShare) : sampler?.share;
  const isWhole =
    url !== undefined &&
    headers !== undefined &&
    timeoutMilliseconds !== undefined &&
    attributes !== undefined &&
    sampler !== undefined &&
    share !== undefined;
  if (!isWhole || wrong.length > 0) return { wrong };
  const named = find('OTEL_SERVICE_NAME') || attributes['service.name'] || 'tenantry';
  return {
    value: {
      url,
      headers,
      timeoutMilliseconds,
      resource: { ...attributes, 'service.name': named },
      sampling: { share, followsParent: sampler.followsParent },
    },
  };
}

/** The address that traces are sent to: the endpoint's, with `v1/traces` behind its path. */
function readEndpoint(text: string): string | undefined {
  if (!/^https?:\/\/[^\s/\\?#@]+(?:\/[^\s\\?#@]*)?$/i.test(text)) return undefined;
  const url = URL.parse(text);
  if (url === null) return undefined;
  return `${url.href.replace(/\/$/, '')}/v1/traces`;
}

/** Pairs as W3C Baggage has them: `name=value,name=value`, percent-encoded. */
function readPairs(text: string): Readonly<Record<string, string>> | undefined {
  const pairs = text.split(',').filter((pair) => pair.trim() !== '');
  const read = pairs.map((pair) => {
    const equals = pair.indexOf('=');
    const [name, value] = [decoded(pair.slice(0, Math.max(0, equals))), decoded(pair.slice(equals + 1))];
    return name ? ([name, value] as const) : undefined;
  });
  const whole = read.filter((pair): pair is readonly [string, string] => pair?.[1] !== undefined);
  return whole.length === read.length ? Object.fromEntries(whole) : undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.trim());
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** Names are tokens and values have no control characters (RFC 9110 section 5). */
function readHeaders(text: string): Readonly<Record<string, string>> | undefined {
  const pairs = readPairs(text);
  const isField = ([name, value]: readonly [string, string]) =>
    /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\x20-\x7e\x80-\xff]*$/.test(value);
  return pairs !== undefined && Object.entries(pairs).every(isField) ? pairs : undefined;
}

function readTimeout(text: string): number | undefined {
  const value = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : Number.NaN;
  return value <= 60_000 ? value : undefined;
}

function readBoolean(text: string): boolean | undefined {
  const word = text.toLowerCase();
  return word === 'true' || word === 'false' ? word === 'true' : undefined;
}

function readShare(text: string): number | undefined {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  return value <= 1 ? value : undefined;
}

interface Sampler {
  readonly followsParent: boolean;
  readonly share: number;
  /** Whether the share is another variable's. */
  readonly hasShare: boolean;
}

function readSampler(text: string): Sampler | undefined {
  const followsParent = text.startsWith('parentbased_');
  switch (text.replace(/^parentbased_/, '')) {
    case 'always_on':
      return { followsParent, share: 1, hasShare: false };
    case 'always_off':
      return { followsParent, share: 0, hasShare: false };
    case 'traceidratio':
      return { followsParent, share: 1, hasShare: true };
    default:
      return undefined;
  }
}
