import { type ProblemCode, type ProblemKind, problemKinds, tellProblem } from '../problems.ts';
import type { Call, FailureExample } from './call.ts';
import { headersOf } from './headers.ts';
import { schemaNamed } from './schema.ts';

/** What a developer is told of a code, and how an occurrence looks. */
interface Failure extends FailureExample {
  /** When it comes. Sentences, in Markdown. */
  readonly when: string;
  /** What to do then. */
  readonly advice: string;
}

const failures = {
  bad_request: {
    when: 'The request is not well-formed HTTP, or `Idempotency-Key`, `If-Match` or `If-None-Match` is malformed.',
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
    when: 'No organization has this name or id. Under `/v1` it is also said of an organization that is there, to whoever may not see it.',
    advice: 'Look at the name, and at whose token it is. The organization may have been renamed or deleted.',
    detail: 'Organization not found',
  },
  collection_not_found: {
    when: 'The organization has no collection of this name; it may have been deleted.',
    advice: 'Look at the name, or create the collection.',
    detail: 'Collection not found',
  },
  collection_exists: {
    when: 'The organization has a collection of this name, or one was deleted of which documents are still being removed, or a drop on MongoDB may still arrive.',
    advice:
      'Use the one that is there, or choose another name. Where it is still being deleted, `detail` says so: try again later, at the latest after a day.',
    detail: 'Collection already exists',
  },
  collection_permanent: {
    when: 'The collection `default` cannot be deleted: it is there as long as its organization.',
    advice: 'Delete its documents, or the organization.',
    detail: 'The collection default can be emptied, and not deleted',
  },
  document_not_found: {
    when: 'The collection has no document of this id. Of a batch, `errors` names the operation, and nothing was done.',
    advice: 'Look at the id. The document may have been deleted.',
    detail: 'Document not found',
  },
  document_exists: {
    when: 'The collection has a document of an id that a batch inserts. `errors` names the operation, and nothing was done.',
    advice: 'Leave the id out, or replace the document.',
    detail: '#/operations/0 a document has this id',
    faults: [{ pointer: '#/operations/0', detail: 'a document has this id' }],
  },
  document_too_large: {
    when: 'The document has more bytes, as compact JSON in UTF-8, than 1 MiB, unless another bound is set. Of a patch, this is the document that it would make. Or: what a batch replaces and deletes has more than 32 MiB.',
    advice: 'Store less in one document; send fewer operations at once.',
    detail: 'The document has 1048577 bytes; it may have 1048576',
  },
  precondition_failed: {
    when: 'The document is not what `If-Match`, `If-None-Match` or the `if_match` of an operation expects, such as where others have changed it since it was read. Nothing was done.',
    advice: 'Read the document again, decide anew, and send the new `ETag`.',
    detail: 'The document is not what If-Match or If-None-Match expects',
  },
  quota_exceeded: {
    when: 'The organization would have more documents, bytes or collections than it may have. `GET /v1/organizations/{organization}/usage` tells both.',
    advice: 'Delete some, or ask the operator for a larger quota.',
    detail: 'The organization may not have more documents: it has 2 of 2',
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
    when: 'The body is larger than 64 KiB; where the call takes a document, 1 MiB and 64 KiB; of a batch or an import, 8 MiB. Other bounds may be set.',
    advice: 'Send less.',
    detail: 'The body is too large',
  },
  uri_too_long: {
    when: 'The URI is longer than 16,384 bytes.',
    advice: 'Send a shorter name.',
    detail: 'The URI may be 16384 bytes long',
  },
  content_type_unsupported: {
    when: 'The body is not `application/json`, or is compressed or in another charset than UTF-8. `PATCH` takes `application/merge-patch+json` too, and an import `application/x-ndjson` alone.',
    advice: 'Send the `Content-Type` that the call takes, without `Content-Encoding`.',
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
  idempotency_keys_full: {
    when: 'As many calls with an `Idempotency-Key` are remembered for the organization as may be: 100,000 within 24 hours, and 64 MiB of their answers, unless other bounds are set; of creations of collections 1,000. Or as many creations of organizations by the operator are, by one instance: 100,000. Nothing was done, and what is remembered stays so.',
    advice:
      'Make the call without the key, and so that it can be made again all the same: `PUT` a document, or insert it by a batch, with an id of your own. Or wait: a key is forgotten 24 hours after its call.',
    detail:
      'As many Idempotency-Keys are remembered for the organization as may be; make the call without one, with ids of your own',
  },
  rate_limited: {
    when: 'The address, the token or the organization made too many calls, or too many of the same organization are in work. `RateLimit` says which limit has nothing left, `Retry-After` when the next one is answered. What is refused counts against no limit.',
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
  clusters_full: {
    when: 'Every cluster that the organization could be on, or the one that a new collection would be on, has as many collections or databases as it may have. Nothing was created.',
    advice:
      'Tell the operator: a cluster is to be added, or its bound raised. The operator may ask for level `pooled` for a new organization, which no bound keeps out.',
    detail: 'There is no room for another organization at level collection',
  },
  busy: {
    when: 'There is too much to do at the moment: as many requests are in work as may be, or hashes of passwords wait; or others keep changing the same. `Retry-After` says when to come back.',
    advice: 'Repeat the call after `Retry-After`: nothing was changed.',
    detail: 'Too much is in work; try again in 1 s',
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
