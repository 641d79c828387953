import type { Call, RequestBody } from './openapi/call.ts';
import { clusterCalls } from './openapi/cluster-calls.ts';
import { collectionCalls } from './openapi/collection-calls.ts';
import { documentCalls } from './openapi/document-calls.ts';
import { documentListCalls } from './openapi/document-list-calls.ts';
import { eventCalls } from './openapi/event-calls.ts';
import { failureResponses, sharedResponses } from './openapi/failures.ts';
import { headers, headersOf } from './openapi/headers.ts';
import { organizationCalls } from './openapi/organization-calls.ts';
import { organizationCallsV1 } from './openapi/organization-calls-v1.ts';
import { parametersOf } from './openapi/parameters.ts';
import { schemas } from './openapi/schemas.ts';
import { serviceCalls } from './openapi/service-calls.ts';
import { transferCalls } from './openapi/transfer-calls.ts';
import { type Access, rowOf } from './route-table.ts';

/** What is common to all calls, for whoever reads the page. Markdown. */
const description = `Tenantry gives a SaaS its organizations, each with its data in a place of its own.

Bodies are JSON in UTF-8, at most 64 KiB, unless a smaller bound is set. A document may have 1 MiB, and the body of a batch
or of an import 8 MiB, unless other bounds are set. Input is strict: a member that is not known, a wrong type, a member given
twice, a NUL, half of a surrogate pair or a number that would be rounded, such as an integer beyond 2^53 - 1, is refused,
never repaired. Times are RFC 3339 in UTC. What is answered to a token is \`Cache-Control: no-store\`.

Every error is a problem document (RFC 9457): decide by its \`code\`, show its \`detail\`, and name its \`request_id\` where you
ask for help. A path that is not there answers 404 \`route_not_found\`, a method that a path does not have 405
\`method_not_allowed\`. GET calls answer HEAD too. Where an answer has \`Retry-After\`, the same call may be made again after
so many seconds.

How often somebody may call is limited: by address, by token, by organization, and for some kinds of calls apart. Each answer
tells which limits its call counts against (\`RateLimit-Policy\`) and what is left of them (\`RateLimit\`). Past one of them a call
is 429 \`rate_limited\`, and counts against none.`;

const tags = [
  { name: 'Organizations', description: 'Create, read, change and delete an organization.' },
  {
    name: 'Collections',
    description:
      "Where an organization keeps its documents. For the organization's admin and for the operator; to all others the organization is not there. Each organization has the collection `default`, and may have 100 in all unless another bound is set.",
  },
  {
    name: 'Documents',
    description:
      "JSON objects with members of your own. For the organization's admin and for the operator; to all others the organization is not there.\n\nA document has 1 MiB and 16 levels at most, unless other bounds are set. The service adds `_id`, `_version`, `_created_at` and `_updated_at`; other names that begin with `_` cannot be used at the top. No member at any depth may have the name `_bsontype`, or `$ref` beside `$id`. The `ETag` of a document names its state: with it in `If-Match`, a change is made only where nobody else has changed the document since it was read.",
  },
  {
    name: 'Events',
    description:
      "What happened to an organization, as its audit trail. For the organization's admin and for the operator; to all others the organization is not there.",
  },
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
  return [
    ...organizationCalls,
    ...organizationCallsV1,
    ...collectionCalls,
    ...documentCalls,
    ...documentListCalls,
    ...transferCalls,
    ...eventCalls,
    ...clusterCalls,
    ...serviceCalls(version),
  ];
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
  const parameters = parametersOf(call);
  return {
    tags: [tag],
    operationId: id,
    summary,
    description,
    security: security[rowOf(call.method.toUpperCase(), call.path.replaceAll(/\{(\w+)\}/g, ':$1')).access],
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: { required: true, content: contentOf(body) } }),
    responses: { ...successResponses(call), ...failureResponses(call) },
  };
}

function contentOf({ mediaTypes = ['application/json'], ...body }: RequestBody): object {
  return Object.fromEntries(mediaTypes.map((mediaType) => [mediaType, body]));
}

/** An empty requirement stands for none: metrics need a token only where one is set. */
const security = {
  anyone: [],
  admin: [{ admin: [] }],
  member: [{ admin: [] }, { operator: [] }],
  operator: [{ operator: [] }],
  metrics: [{ metrics: [] }, {}],
} as const satisfies Record<Access, readonly Readonly<Partial<Record<keyof typeof securitySchemes, []>>>[]>;

function successResponses({ success, otherSuccess, uncounted, tagged }: Call): Record<string, object> {
  const tag = tagged ? (['ETag'] as const) : [];
  const successes = otherSuccess === undefined ? [success] : [success, otherSuccess];
  const told = successes.map((each): [number, object] => {
    const { status, description } = each;
    if (each.status === 204) return [status, { description, headers: headersOf({ status, uncounted }) }];
    const { headers = [], mediaType, schema, example } = each;
    const content = { [mediaType]: { schema, example } };
    return [status, { description, headers: headersOf({ status, uncounted, own: [...tag, ...headers] }), content }];
  });
  const notModified = headersOf({ status: 304, uncounted, own: tag });
  return {
    ...Object.fromEntries(told),
    ...(tagged && { 304: { description: 'What `If-None-Match` names is still right.', headers: notModified } }),
  };
}
