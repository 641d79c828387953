/**
 * What Kong 3 takes in a declarative file, as far as ours has it: the members of its entities and of the plugins that it uses
 * (https://developer.konghq.com/gateway/entities/ and https://developer.konghq.com/plugins/). Written by hand: Kong itself is not
 * asked.
 */
const text = { type: 'string', minLength: 1 } as const;
const count = { type: 'integer', minimum: 0 } as const;
const yes = { type: 'boolean' } as const;
const statuses = { type: 'array', items: { type: 'integer', minimum: 100, maximum: 599 } } as const;

/** An object with these members alone. */
function only<Members extends object>(properties: Members, ...required: (keyof Members & string)[]) {
  return { type: 'object', additionalProperties: false, properties, required } as const;
}

function listOf<Item extends object>(items: Item) {
  return { type: 'array', items, minItems: 1 } as const;
}

function plugin<Config extends object>(name: string, config: Config) {
  return only({ name: { const: name }, config }, 'name', 'config');
}

const plugins = listOf({
  anyOf: [
    plugin(
      'correlation-id',
      only({ header_name: text, generator: { enum: ['uuid', 'uuid#counter', 'tracker'] }, echo_downstream: yes }),
    ),
    plugin(
      'rate-limiting',
      only({
        minute: { type: 'integer', minimum: 1 },
        policy: { enum: ['local', 'cluster', 'redis'] },
        limit_by: { enum: ['consumer', 'credential', 'ip', 'service', 'header', 'path', 'consumer-group'] },
        fault_tolerant: yes,
        hide_client_headers: yes,
      }),
    ),
    plugin(
      'request-size-limiting',
      only({
        allowed_payload_size: count,
        size_unit: { enum: ['megabytes', 'kilobytes', 'bytes'] },
        require_content_length: yes,
      }),
    ),
    plugin(
      'request-termination',
      only({ status_code: { type: 'integer', minimum: 100, maximum: 599 }, message: text }),
    ),
  ],
});

const route = only(
  {
    name: text,
    protocols: listOf({ enum: ['http', 'https'] }),
    methods: listOf({ enum: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] }),
    paths: listOf({ type: 'string', pattern: '^~?/' }),
    strip_path: yes,
    preserve_host: yes,
    request_buffering: yes,
    response_buffering: yes,
    plugins,
  },
  'name',
  'paths',
);

const service = only(
  {
    name: text,
    host: text,
    port: { type: 'integer', minimum: 1, maximum: 65_535 },
    protocol: { enum: ['http', 'https'] },
    connect_timeout: { type: 'integer', minimum: 1 },
    write_timeout: { type: 'integer', minimum: 1 },
    read_timeout: { type: 'integer', minimum: 1 },
    retries: { type: 'integer', minimum: 0, maximum: 32_767 },
    routes: listOf(route),
  },
  'name',
  'host',
  'routes',
);

const kind = { enum: ['tcp', 'http', 'https', 'grpc', 'grpcs'] } as const;

const upstream = only(
  {
    name: text,
    algorithm: { enum: ['round-robin', 'least-connections', 'consistent-hashing', 'latency'] },
    targets: listOf(
      only({ target: { type: 'string', pattern: '^[^:/]+:\\d+$' }, weight: { ...count, maximum: 65_535 } }, 'target'),
    ),
    healthchecks: only({
      active: only({
        type: kind,
        http_path: { type: 'string', pattern: '^/' },
        timeout: count,
        concurrency: { type: 'integer', minimum: 1 },
        healthy: only({ interval: count, successes: count, http_statuses: statuses }),
        unhealthy: only({
          interval: count,
          tcp_failures: count,
          timeouts: count,
          http_failures: count,
          http_statuses: statuses,
        }),
      }),
      passive: only({
        type: kind,
        unhealthy: only({ tcp_failures: count, timeouts: count, http_failures: count, http_statuses: statuses }),
      }),
    }),
  },
  'name',
  'targets',
);

/** A JSON Schema of the whole file. */
export const kongSchema = only(
  {
    _format_version: { const: '3.0' },
    _transform: yes,
    upstreams: listOf(upstream),
    services: listOf(service),
    plugins,
  },
  '_format_version',
);
