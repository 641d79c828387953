import { type Access, accessTo } from './access.ts';
import type { Call } from './openapi/call.ts';
import { failureResponses, sharedResponses } from './openapi/failures.ts';
import { headers, headersOf } from './openapi/headers.ts';
import { organizationCalls } from './openapi/organization-calls.ts';
import { organizationCallsV1 } from './openapi/organization-calls-v1.ts';
import { schemas } from './openapi/schemas.ts';
import { serviceCalls } from './openapi/service-calls.ts';

/** What is common to all calls, for whoever reads the page. Markdown. */
const description = `Tenantry gives a SaaS its organizations.

Bodies are JSON in UTF-8, at most 1 MiB. Input is strict: a member that is not known, a wrong type, a member given twice or a
NUL is refused, never repaired. Times are RFC 3339 in UTC.

Every error is a problem document (RFC 9457): decide by its \`code\`, show its \`detail\`, and name its \`request_id\` where you
ask for help. A path that is not there answers 404 \`route_not_found\`, a method that a path does not have 405
\`method_not_allowed\`. GET calls answer HEAD too. Where an answer has \`Retry-After\`, the same call may be made again after
so many seconds.`;

const tags = [
  { name: 'Organizations', description: 'Create, read, change and delete an organization.' },
  { name: 'Log-in', description: 'Tokens, and the keys that verify them.' },
  { name: 'Operation', description: 'For whoever runs the service.' },
  { name: 'Documentation', description: 'What you are reading.' },
] as const satisfies readonly { name: Call['tag']; description: string }[];

/** An OpenAPI Object, 3.1.1. https://spec.openapis.org/oas/v3.1.1.html */
export interface OpenApiDocument {
  readonly openapi: '3.1.1';
  readonly info: object;
  readonly servers: readonly object[];
  readonly tags: readonly object[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

/**
 * The description of the whole API. It stands in `openapi.json`, which the service answers with: a start need not make it.
 *
 * @param version of the program
 */
export function openApiDocument(version: string): OpenApiDocument {
  const byPath = Map.groupBy(openApiCalls(version), ({ path }) => path);
  const paths = [...byPath].map(([path, calls]) => [
    path,
    Object.fromEntries(calls.map((call) => [call.method, operationOf(call)])),
  ]);
  return {
    openapi: '3.1.1',
    info: {
      title: 'Tenantry',
      version,
      summary: 'Organizations for your SaaS.',
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // Wherever the document is read from.
    servers: [{ url: '/' }],
    tags,
    paths: Object.fromEntries(paths),
    components: { securitySchemes, schemas, responses: sharedResponses(), headers },
  };
}

/** Every call of the API. */
export function openApiCalls(version: string): readonly Call[] {
  return [...organizationCalls, ...organizationCallsV1, ...serviceCalls(version)];
}

const securitySchemes = {
  admin: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The `access_token` of `POST /admin/login`.',
  },
  operator: {
    type: 'http',
    scheme: 'bearer',
    description: 'The value of `TENANTRY_OPERATOR_TOKEN`. Where it is not set there are no calls for the operator.',
  },
  metrics: {
    type: 'http',
    scheme: 'bearer',
    description: 'The value of `TENANTRY_METRICS_TOKEN`, where it is set.',
  },
} as const;

function operationOf(call: Call): object {
  const { tag, id, summary, description, body } = call;
  return {
    tags: [tag],
    operationId: id,
    summary,
    description,
    security: security[accessTo(call.method.toUpperCase(), call.path.replaceAll(/\{(\w+)\}/g, ':$1'))],
    ...parametersOf(call),
    ...(body !== undefined && {
      requestBody: { required: true, content: { 'application/json': body } },
    }),
    responses: { ...successResponses(call), ...failureResponses(call) },
  };
}

/** An empty requirement stands for none: metrics need a token only where one is set. */
const security = {
  anyone: [],
  admin: [{ admin: [] }],
  member: [{ admin: [] }, { operator: [] }],
  operator: [{ operator: [] }],
  metrics: [{ metrics: [] }, {}],
} as const satisfies Record<Access, readonly Readonly<Partial<Record<keyof typeof securitySchemes, []>>>[]>;

/** Those of the path, of the query and of the head. */
function parametersOf({ path, query = [], repeatable }: Call): { parameters?: object[] } {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    ...pathParameters[name],
  }));
  const inQuery = query.map((parameter) => ({ required: false, ...parameter, in: 'query' }));
  const parameters = [...inPath, ...inQuery, ...(repeatable ? [idempotencyKey] : [])];
  return parameters.length === 0 ? {} : { parameters };
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Up to 255 printable ASCII characters, another one for each thing that is to be done, such as a UUID. The same call with the same key is done once: for 24 hours it gets the same answer. Only success is remembered.',
  schema: { type: 'string', pattern: '^[!-~]{1,255}$' },
};

/** The parameters that a path may have. */
const pathParameters: Readonly<Record<string, object>> = {
  organization: {
    description: "The organization's id, or its name in any case and spacing.",
    schema: { type: 'string' },
    example: 'acme corp',
  },
};

function successResponses({ success, uncounted, tagged }: Call): Record<string, object> {
  const { status, description, mediaType, schema, example } = success;
  const content = { [mediaType]: { schema, example } };
  const headersAt = (status: number) => headersOf({ status, uncounted, tagged });
  return {
    [status]: { description, headers: headersAt(status), content },
    ...(tagged && { 304: { description: 'What `If-None-Match` names is still right.', headers: headersAt(304) } }),
  };
}
