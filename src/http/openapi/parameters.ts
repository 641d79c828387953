import type { Call } from './call.ts';

/** The parameters of a call: those of its path, of its query and of its head. */
export function parametersOf({
  path,
  query = [],
  repeatable,
  resumable,
  tagged,
  conditional,
}: Call): readonly object[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    ...pathParameters[name],
  }));
  const inQuery = query.map((parameter) => ({ required: false, ...parameter, in: 'query' }));
  return [
    ...inPath,
    ...inQuery,
    ...(repeatable ? [idempotencyKey] : []),
    ...(resumable ? [lastEventId] : []),
    ...(tagged ? [knownTag] : []),
    ...(conditional ? preconditions : []),
  ];
}

/** The parameters that a path may have. */
const pathParameters: Readonly<Record<string, object>> = {
  organization: {
    description: "The organization's id, or its name in any case and spacing.",
    schema: { type: 'string' },
    example: 'acme corp',
  },
  collection: {
    description: "The collection's name. Every organization has `default`.",
    schema: { type: 'string' },
    example: 'invoices',
  },
  id: {
    description: "The document's id.",
    schema: { type: 'string' },
    example: 'inv-1001',
  },
};

const idempotencyKey = inHead(
  'Idempotency-Key',
  'Up to 255 printable ASCII characters, another one for each thing that is to be done, such as a UUID. The same call with the same key is done once: for 24 hours it gets the same answer. Only success is remembered.',
  { pattern: '^[!-~]{1,255}$' },
);

const lastEventId = inHead(
  'Last-Event-ID',
  'The `id` of the last event that the reader has: it gets those beyond. It goes before `after`.',
  { pattern: '^(0|[1-9]\\d{0,11})$' },
);

const knownTag = inHead('If-None-Match', 'The `ETag` that the caller has. Where it is still right the answer is 304.');

const preconditions = [
  inHead(
    'If-Match',
    'An `ETag`, or several: the call is done only where the document has one of them. `*`: where it is there.',
  ),
  inHead(
    'If-None-Match',
    'An `ETag`, or several: the call is done only where the document has none of them. `*`: where it is not there.',
  ),
];

function inHead(name: string, description: string, schema: object = {}): object {
  return { name, in: 'header', required: false, description, schema: { type: 'string', ...schema } };
}
