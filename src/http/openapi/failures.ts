import { type ProblemCode, type ProblemKind, problemKinds, tellProblem } from '../problems.ts';
import { type Call, type FailureExample, schemaNamed } from './call.ts';
import { headersOf } from './headers.ts';

/** What a developer is told of a code, and how an occurrence looks. */
interface Failure extends FailureExample {
  /** When it comes. Sentences, in Markdown. */
  readonly when: string;
  /** What to do then. */
  readonly advice: string;
}

const failures = {
  bad_request: {
    when: 'The request is not well-formed HTTP.',
    advice: 'Mend the client, or what stands between it and the service.',
    detail: 'The Host header field is missing',
  },
  body_unreadable: {
    when: 'The body is empty, no JSON, not UTF-8, has a member twice or is nested deeper than 32 levels.',
    advice: 'Send one JSON object in UTF-8, each member once.',
    detail: 'The body is not JSON',
  },
  organization_name_taken: {
    when: 'Another organization has this name, in this spelling or one that differs in case, width or white space alone.',
    advice: 'Choose another name.',
    detail: 'Organization already exists',
  },
  email_taken: {
    when: 'Another user has this email, in whatever case.',
    advice: 'Choose another email, or log in with this one.',
    detail: 'Admin email already registered',
  },
  not_authenticated: {
    when: 'The token is missing, malformed, over or dead: its user has a new password, or its organization is gone.',
    advice: 'Log in, and repeat the call with the new token.',
    detail: 'Not authenticated',
  },
  invalid_credentials: {
    when: 'There is no such email, or the password is another one. Which of the two is told to nobody.',
    advice: 'Ask for email and password again.',
    detail: 'Invalid email or password',
  },
  forbidden: {
    when: "The organization exists, and the token is another organization's.",
    advice: "Use a token of this organization's admin.",
    detail: 'Not authorized to update this organization',
  },
  organization_not_found: {
    when: 'No organization has this name.',
    advice: 'Look at the name. It may have been renamed or deleted.',
    detail: 'Organization not found',
  },
  route_not_found: {
    when: 'There is nothing at this path.',
    advice: 'Look at the path: it has no slash at its end.',
    detail: 'There is nothing at this path',
  },
  method_not_allowed: {
    when: 'The path has other methods, which `Allow` names.',
    advice: 'Use a method that `Allow` names.',
    detail: 'PATCH is not allowed here; allowed: PUT',
  },
  request_timeout: {
    when: 'The request did not arrive within 15 seconds, unless another time is set.',
    advice: 'Repeat the call over a better connection.',
    detail: 'The request did not arrive in time',
  },
  body_too_large: {
    when: 'The body is larger than 1 MiB, unless another bound is set.',
    advice: 'Send less.',
    detail: 'The body is too large',
  },
  uri_too_long: {
    when: 'The URI is longer than 16,384 bytes.',
    advice: 'Send a shorter name.',
    detail: 'The URI may be 16384 bytes long',
  },
  content_type_unsupported: {
    when: 'The body is not `application/json`, or is compressed or in another charset than UTF-8.',
    advice: 'Send `Content-Type: application/json`, without `Content-Encoding`.',
    detail: 'The body must be application/json',
  },
  expectation_failed: {
    when: '`Expect` wants something else than `100-continue`.',
    advice: 'Leave `Expect` out.',
    detail: 'Only 100-continue can be expected',
  },
  invalid_value: {
    when: 'A value breaks a rule. `errors` names each.',
    advice: 'Mend every value that `errors` names; `pointer` says which, `detail` says how.',
    detail: '#/email is required',
    faults: [{ pointer: '#/email', detail: 'is required' }],
  },
  idempotency_key_reused: {
    when: 'Another request was made with this `Idempotency-Key` within the last 24 hours.',
    advice: 'Take a new key for a new request, and the same key for the same request alone.',
    detail: 'This Idempotency-Key was used for another request',
  },
  rate_limited: {
    when: 'The address made too many calls. `Retry-After` says when the next one is answered.',
    advice: 'Wait for as many seconds as `Retry-After` says.',
    detail: 'Too many requests; try again in 60 s',
  },
  headers_too_large: {
    when: 'The header fields are larger than 32 KiB, or more than 100.',
    advice: 'Send fewer or smaller ones; large cookies are a common cause.',
    detail: 'There may be 100 header fields',
  },
  internal: {
    when: 'A fault of ours. The log tells it by the `request_id`.',
    advice: 'Report it with the `request_id`. A call that writes may have done so.',
    detail: 'Something went wrong on our side',
  },
  busy: {
    when: 'There is too much to do at the moment. `Retry-After` says when to come back.',
    advice: 'Repeat the call after `Retry-After`: nothing was changed.',
    detail: 'Too many passwords are being checked; try again later',
  },
  stopping: {
    when: 'This instance is about to end. The next one answers.',
    advice: 'Repeat the call after `Retry-After`: nothing was changed.',
    detail: 'The service is stopping; try again',
  },
  storage_unavailable: {
    when: 'The storage cannot do this at the moment. A write that gets this answer may have happened.',
    advice: 'Repeat the call after `Retry-After`; before repeating a write, read what stands.',
    detail: 'The storage cannot do this at the moment; try again later',
  },
} as const satisfies Record<ProblemCode, Failure>;

/** The request id of every example. */
export const exampleRequestId = 'k3v9x0a7d2-1f';

/** A code as the guide to the errors tells it. */
export interface ErrorEntry {
  readonly code: ProblemCode;
  readonly kind: ProblemKind;
  readonly when: string;
  readonly advice: string;
  /** A problem document. */
  readonly example: unknown;
}

/** Every code, in the order of their statuses; the example is as the reference API has it. */
export function errorEntries(): ErrorEntry[] {
  return Object.entries(problemKinds).map(([name, kind]) => {
    const code = name as ProblemCode;
    const { when, advice } = failures[code];
    return { code, kind, when, advice, example: exampleOf({ errors: {}, reference: true }, code) };
  });
}

/** The Response Objects that calls share: one for each code, as it is told where a call says nothing else of it. */
export function sharedResponses(): Record<string, object> {
  const codes = Object.keys(failures) as ProblemCode[];
  return Object.fromEntries(codes.map((code) => [code, responseOf({ errors: {} }, statusOf(code), [code])]));
}

/** The Response Objects of everything that a call may fail with, by status. */
export function failureResponses(call: Call): Record<string, object> {
  const codes = Object.keys(call.errors) as ProblemCode[];
  const byStatus = Map.groupBy(codes, (code) => statusOf(code, call.reference));
  const ascending = [...byStatus].sort(([one], [other]) => one - other);
  const entries = ascending.map(([status, codes]): [string, object] => {
    const [code = 'internal', ...others] = codes;
    const isOwn = call.errors[code] !== undefined || (call.uncounted && !comesBeforeLimits(code));
    const isShared = others.length === 0 && !isOwn;
    return [String(status), isShared ? { $ref: `#/components/responses/${code}` } : responseOf(call, status, codes)];
  });
  return Object.fromEntries(entries);
}

function statusOf(code: ProblemCode, reference = false): number {
  const kind: ProblemKind = problemKinds[code];
  return (reference ? kind.referenceStatus : undefined) ?? kind.status;
}

/** What may go wrong where no limit can count it, so that its answer says nothing of limits: not even a head was read. */
const beforeLimits: readonly ProblemCode[] = ['bad_request', 'request_timeout', 'headers_too_large'];

function comesBeforeLimits(code: ProblemCode): boolean {
  return beforeLimits.includes(code);
}

type Failing = Pick<Call, 'errors' | 'reference' | 'uncounted'>;

function responseOf(call: Failing, status: number, codes: readonly ProblemCode[]): object {
  return {
    description: codes.map((code) => `\`${code}\`: ${failures[code].when} ${failures[code].advice}`).join('\n\n'),
    headers: headersOf({ status, uncounted: call.uncounted || codes.every(comesBeforeLimits) }),
    content: {
      'application/problem+json': {
        schema: schemaNamed('Problem'),
        examples: Object.fromEntries(codes.map((code) => [code, { value: exampleOf(call, code) }])),
      },
    },
  };
}

/** Made by what makes the real answer, so that it cannot look otherwise. */
function exampleOf({ errors, reference }: Failing, code: ProblemCode): unknown {
  const { detail, faults = [] }: FailureExample = errors[code] ?? failures[code];
  const problem = { code, detail, faults };
  return JSON.parse(
    tellProblem(problem, { requestId: exampleRequestId, reference: reference === true }).body.toString(),
  );
}
