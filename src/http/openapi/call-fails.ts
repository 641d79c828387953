import type { FailureExample, Failures } from './call.ts';

/** What any call may fail with, whatever it does. */
export const anyCallFails = {
  bad_request: undefined,
  request_timeout: undefined,
  uri_too_long: undefined,
  expectation_failed: undefined,
  headers_too_large: undefined,
  internal: undefined,
} as const satisfies Failures;

/** As `anyCallFails`, for those that limits count: the others are answered however much is in work. */
export const countedCallFails = {
  ...anyCallFails,
  rate_limited: undefined,
  busy: undefined,
} as const satisfies Failures;

/** What a call that makes a hash of a password is told where too many are made. */
export const tooManyHashes = { detail: 'Too many passwords are being checked; try again later' } as const;

/** What a call that takes no parameters in its query is told of one. */
export const unknownParameter = faultOf('?page', 'is not a parameter of this call, which takes none');

/** As `countedCallFails`, for those about the organization that the path names. */
export const organizationCallFails = {
  ...countedCallFails,
  not_authenticated: undefined,
  organization_not_found: undefined,
  invalid_value: unknownParameter,
  storage_unavailable: undefined,
} as const satisfies Failures;

/** As `organizationCallFails`, for those about a collection. */
export const collectionCallFails = {
  ...organizationCallFails,
  collection_not_found: undefined,
} as const satisfies Failures;

/** What a body may fail with before its values are looked at. */
export const bodyFails = {
  body_unreadable: undefined,
  body_too_large: undefined,
  content_type_unsupported: undefined,
} as const satisfies Failures;

/** As `collectionCallFails`, for those that change its documents. */
export const documentChangeFails = {
  ...collectionCallFails,
  busy: { detail: 'Others are changing the same; try again later' },
  stopping: undefined,
} as const satisfies Failures;

/** What an `Idempotency-Key` of a call about an organization may fail with. */
export const keyFails = {
  idempotency_key_reused: undefined,
  idempotency_keys_full: undefined,
} as const satisfies Failures;

/** As `documentChangeFails`, for those that store what their body has. */
export const documentStoreFails = {
  ...documentChangeFails,
  ...bodyFails,
  document_too_large: undefined,
  quota_exceeded: undefined,
} as const satisfies Failures;

/** What a PATCH is told whose body is of another type. */
export const notPatch = { detail: 'The body must be application/merge-patch+json or application/json' } as const;

/** An example of one value that breaks a rule. */
export function faultOf(pointer: string, detail: string): FailureExample {
  return { detail: `${pointer} ${detail}`, faults: [{ pointer, detail }] };
}

/** What a page may be asked for wrongly. */
export const wrongLimit = faultOf('?limit', 'must be a whole number from 1 to 1000');
