/**
 * The domain's errors: one class and a closed list of codes, in the domain's words. What status a code has over HTTP is
 * the edge's affair (`http/problems.ts`).
 */
export type ErrorCode =
  | 'invalid_value'
  | 'not_authenticated'
  | 'invalid_credentials'
  | 'forbidden'
  | 'organization_not_found'
  | 'organization_name_taken'
  | 'email_taken'
  | 'collection_not_found'
  | 'collection_exists'
  | 'collection_permanent'
  | 'document_not_found'
  | 'document_exists'
  | 'document_too_large'
  | 'precondition_failed'
  | 'quota_exceeded'
  | 'idempotency_key_reused'
  | 'idempotency_keys_full'
  | 'rate_limited'
  | 'clusters_full'
  | 'busy'
  | 'stopping'
  | 'storage_unavailable';

/** One value that breaks a rule: the member it was given in, and what would be right. */
export interface ValueIssue {
  /** A name, or the names that lead there with `/` between them (`~` and `/` in a name as RFC 6901 writes them). */
  readonly member: string;
  /** The value was not given in a member but names what the call is about, as a part of its path does. */
  readonly inPath?: true;
  readonly detail: string;
}

/** What an error carries beside its message. */
export interface ErrorContext {
  /** `invalid_value` only: every value that breaks a rule. */
  readonly issues?: readonly ValueIssue[];
  /** Whole seconds after which it is worth trying again; told as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** `rate_limited` by a feature: the limit that refused, and how the caller stands. Times in seconds. */
  readonly limited?: LimitReached;
  /** What came from inside; for the log alone, never for an answer. */
  readonly cause?: unknown;
}

/** A limit on how often something may happen, and what is left of it. */
export interface LimitReached {
  readonly limit: { readonly name: string; readonly most: number; readonly seconds: number };
  readonly standing: { readonly allowed: boolean; readonly remaining: number; readonly resetSeconds: number };
}

/** An error whose message may be shown to the caller. */
export class TenantryError extends Error {
  override readonly name = 'TenantryError';
  readonly code: ErrorCode;
  readonly issues: readonly ValueIssue[];
  readonly retryAfterSeconds: number | undefined;
  readonly limited: LimitReached | undefined;

  constructor(code: ErrorCode, message: string, context: ErrorContext = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause });
    this.code = code;
    this.issues = context.issues ?? [];
    this.retryAfterSeconds = context.retryAfterSeconds;
    this.limited = context.limited;
  }
}

/** The program cannot start, or a command of the operator cannot be done: told in one message without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError';
  /** 78 (EX_CONFIG of sysexits.h): settings or a directory that the operator must change. 1: anything else. */
  readonly exitCode: 1 | 78;

  constructor(exitCode: 1 | 78, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
  }
}
