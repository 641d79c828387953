import type { ErrorCode } from '../errors.ts';

/** What goes wrong before a feature is asked. */
export type EdgeCode =
  | 'bad_request'
  | 'body_unreadable'
  | 'route_not_found'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'body_too_large'
  | 'uri_too_long'
  | 'content_type_unsupported'
  | 'expectation_failed'
  | 'headers_too_large'
  | 'internal';

/** Every `code` that an answer may have. Codes never change their meaning. */
export type ProblemCode = ErrorCode | EdgeCode;

/** How a code is told over HTTP. */
export interface ProblemKind {
  readonly status: number;
  /** The status on the routes of the reference API, where it differs. */
  readonly referenceStatus?: number;
  /** The same for every occurrence (RFC 9457 section 3.1.3). */
  readonly title: string;
}

/** Every code once. `docs/errors.md` and the OpenAPI document say the same, which a test proves. */
export const problemKinds = {
  bad_request: { status: 400, title: 'The request is malformed' },
  body_unreadable: { status: 400, referenceStatus: 422, title: 'The body cannot be read' },
  organization_name_taken: { status: 409, referenceStatus: 400, title: 'The organization name is taken' },
  email_taken: { status: 409, referenceStatus: 400, title: 'The email is taken' },
  collection_exists: { status: 409, title: 'The collection exists' },
  collection_permanent: { status: 409, title: 'The collection cannot be deleted' },
  document_exists: { status: 409, title: 'The document exists' },
  quota_exceeded: { status: 409, title: 'The quota is reached' },
  not_authenticated: { status: 401, title: 'Not authenticated' },
  invalid_credentials: { status: 401, title: 'Invalid credentials' },
  forbidden: { status: 403, title: 'Not authorized' },
  organization_not_found: { status: 404, title: 'Organization not found' },
  route_not_found: { status: 404, title: 'Route not found' },
  collection_not_found: { status: 404, title: 'Collection not found' },
  document_not_found: { status: 404, title: 'Document not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  precondition_failed: { status: 412, title: 'The precondition does not hold' },
  document_too_large: { status: 413, title: 'The document is too large' },
  body_too_large: { status: 413, title: 'The body is too large' },
  uri_too_long: { status: 414, title: 'The URI is too long' },
  content_type_unsupported: { status: 415, title: 'The content type is not supported' },
  expectation_failed: { status: 417, title: 'The expectation cannot be met' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key is used' },
  invalid_value: { status: 422, title: 'A value breaks a rule' },
  idempotency_keys_full: { status: 429, title: 'Too many idempotency keys' },
  rate_limited: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Internal error' },
  clusters_full: { status: 503, title: 'No room in the clusters' },
  busy: { status: 503, title: 'Too busy' },
  stopping: { status: 503, title: 'Stopping' },
  storage_unavailable: { status: 503, title: 'Storage unavailable' },
} as const satisfies Record<ProblemCode, ProblemKind>;

/** One value that breaks a rule. */
export interface Fault {
  /** `#/email`: a member of the body (RFC 6901 section 6). `?organization_name`: a parameter of the query. `{id}`: of the path. `Last-Event-ID`: of the head. */
  readonly pointer: string;
  readonly detail: string;
}

/** One occurrence of a problem. */
export interface Problem {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly faults?: readonly Fault[];
  /** Header fields that the answer needs, names in small letters. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A problem that the edge itself found. Its message may be shown to the caller. */
export class EdgeError extends Error implements Problem {
  override readonly name = 'EdgeError';
  readonly code: ProblemCode;
  readonly detail: string;
  readonly faults: readonly Fault[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, detail: string, more: Pick<Problem, 'faults' | 'headers'> = {}) {
    super(detail);
    this.code = code;
    this.detail = detail;
    this.faults = more.faults ?? [];
    this.headers = more.headers ?? {};
  }
}

/** What an answer consists of, whoever writes it. */
export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** UTF-8 JSON. A Buffer, so that nobody adds a charset, which `application/problem+json` does not have. */
  readonly body: Buffer;
}

/** Where and to whom a problem is told. */
export interface ProblemContext {
  readonly requestId: string;
  /** On a route of the reference API. */
  readonly reference: boolean;
}

/**
 * The answer that tells a problem: an RFC 9457 document. Its `type` is a URN, because it names the problem whatever host
 * the service runs on and promises no page; `code` is its last part. Errors are never to be cached.
 */
export function tellProblem(problem: Problem, { requestId, reference }: ProblemContext): ProblemAnswer {
  const kind: ProblemKind = problemKinds[problem.code];
  const status = (reference ? kind.referenceStatus : undefined) ?? kind.status;
  const document = {
    type: `urn:tenantry:error:${problem.code}`,
    title: kind.title,
    status,
    detail: problem.detail,
    code: problem.code,
    request_id: requestId,
    ...(problem.faults !== undefined && problem.faults.length > 0 && { errors: problem.faults }),
  };
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...requiredHeaders(status),
      ...problem.headers,
    },
    body: Buffer.from(JSON.stringify(document)),
  };
}

/** RFC 9110 section 11.6.1 wants a challenge with each 401; a caller that is to come again is told when. */
function requiredHeaders(status: number): Record<string, string> {
  if (status === 401) return { 'www-authenticate': 'Bearer' };
  if (status === 429 || status === 503) return { 'retry-after': '1' };
  return {};
}
