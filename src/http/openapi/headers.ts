/** The Header Objects of answers, by their names. */
export const headers = {
  'X-Request-Id': {
    description: 'Names the request; its line in the log has it too.',
    schema: { type: 'string' },
    example: 'k3v9x0a7d2-1f',
  },
  'RateLimit-Policy': {
    description:
      'The limits that the call counts against: how many (`q`) in how many seconds (`w`). `address`: calls of the address; `create` and `login`: its creations and log-ins; `token`: calls by the token; `organization`: by all tokens of its organization; `write` and `transfer`: those that change something, and exports and imports. Absent where the call is refused before it is counted. draft-ietf-httpapi-ratelimit-headers-10.',
    schema: { type: 'string' },
    example: '"address";q=6000;w=60',
  },
  RateLimit: {
    description: 'How the caller stands against each: how many calls are left (`r`), for how many seconds (`t`).',
    schema: { type: 'string' },
    example: '"address";r=5999;t=60',
  },
  'Retry-After': {
    description: 'Seconds after which it is worth trying again.',
    schema: { type: 'integer', minimum: 1 },
    example: 5,
  },
  'WWW-Authenticate': {
    description: 'The way to authenticate, RFC 6750.',
    schema: { type: 'string', const: 'Bearer' },
    example: 'Bearer',
  },
  ETag: {
    description: 'Names this state of what is answered, for `If-None-Match` and, of a document, `If-Match`.',
    schema: { type: 'string' },
    example: '"n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"',
  },
  Location: {
    description: 'The path of what was made.',
    schema: { type: 'string' },
    example: '/v1/organizations/org_01kb1p3zj0e1rvb6r0c8m2h4ty',
  },
  Allow: {
    description: 'The methods that the path has.',
    schema: { type: 'string' },
    example: 'PUT',
  },
} as const;

/** The name of a header field that the document tells of. */
export type HeaderName = keyof typeof headers;

/** What decides which header fields an answer has. */
export interface AnswerForm {
  readonly status: number;
  readonly uncounted?: boolean | undefined;
  /** Those of its own. */
  readonly own?: readonly HeaderName[];
}

/** References to the header fields of an answer. */
export function headersOf({ status, uncounted, own = [] }: AnswerForm): Record<string, { readonly $ref: string }> {
  const names: HeaderName[] = [
    'X-Request-Id',
    ...(uncounted ? [] : (['RateLimit-Policy', 'RateLimit'] as const)),
    ...own,
    ...(status === 401 ? (['WWW-Authenticate'] as const) : []),
    ...(status === 405 ? (['Allow'] as const) : []),
    ...(status === 429 || status === 503 ? (['Retry-After'] as const) : []),
  ];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
