/** The Header Objects of answers, by their names. */
export const headers = {
  'X-Request-Id': {
    description: 'Names the request; its line in the log has it too.',
    schema: { type: 'string' },
    example: 'k3v9x0a7d2-1f',
  },
  'RateLimit-Policy': {
    description:
      'The limits that the call counts against: how many (`q`) in how many seconds (`w`). Absent where the call is refused before it is counted. draft-ietf-httpapi-ratelimit-headers-10.',
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
    description: 'Names what is answered, for `If-None-Match`.',
    schema: { type: 'string' },
    example: '"n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"',
  },
  Allow: {
    description: 'The methods that the path has.',
    schema: { type: 'string' },
    example: 'PUT',
  },
} as const;

/** What decides which header fields an answer has. */
export interface AnswerForm {
  readonly status: number;
  readonly uncounted?: boolean | undefined;
  readonly tagged?: boolean | undefined;
}

/** References to the header fields of an answer. */
export function headersOf({ status, uncounted, tagged }: AnswerForm): Record<string, { readonly $ref: string }> {
  const names: (keyof typeof headers)[] = [
    'X-Request-Id',
    ...(uncounted ? [] : (['RateLimit-Policy', 'RateLimit'] as const)),
    ...(tagged ? (['ETag'] as const) : []),
    ...(status === 401 ? (['WWW-Authenticate'] as const) : []),
    ...(status === 405 ? (['Allow'] as const) : []),
    ...(status === 429 || status === 503 ? (['Retry-After'] as const) : []),
  ];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
