import { pageParameters } from '../paging.ts';
import type { Fault, ProblemCode } from '../problems.ts';

/** A JSON Schema, 2020-12, written out. */
export type Schema = Readonly<Record<string, unknown>>;

/** A call as a developer is told of it, which the document's Operation Object is made of. */
export interface Call {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  readonly path: string;
  readonly tag: 'Organizations' | 'Log-in' | 'Operation' | 'Documentation';
  /** The name that generated clients give it. */
  readonly id: string;
  readonly summary: string;
  /** Markdown. */
  readonly description: string;
  /** A call of the reference API, where some codes have another status. */
  readonly reference?: true;
  readonly query?: readonly QueryParameter[];
  /** It may be made again with the same `Idempotency-Key`. */
  readonly repeatable?: true;
  readonly body?: RequestBody;
  readonly success: Success;
  /** Every code that it may fail with, each with its example; undefined takes the code's own. */
  readonly errors: Failures;
  /** No limit counts it. */
  readonly uncounted?: true;
  /** Its answer has an ETag, and is 304 for a caller that has it already. */
  readonly tagged?: true;
}

/** Codes, each with its example where a call has one of its own. */
export type Failures = Readonly<Partial<Record<ProblemCode, FailureExample | undefined>>>;

/** What is told of one occurrence of a problem. */
export interface FailureExample {
  readonly detail: string;
  /** The values at fault, where the problem names them. */
  readonly faults?: readonly Fault[];
}

/** A parameter of the query. */
export interface QueryParameter {
  readonly name: string;
  readonly required?: true;
  readonly description: string;
  readonly schema: Schema;
  /** Where there is none the parameter may be left out. */
  readonly example?: string;
}

/** The JSON that a call takes. */
export interface RequestBody {
  readonly schema: Schema;
  readonly examples: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;
}

/** What a call answers where all went well. */
export interface Success {
  readonly status: 200 | 201;
  readonly description: string;
  readonly mediaType: string;
  readonly schema: Schema;
  /** Of a long answer, a part. */
  readonly example: unknown;
}

/** What any call may fail with, whatever it does. */
export const anyCallFails = {
  bad_request: undefined,
  request_timeout: undefined,
  uri_too_long: undefined,
  expectation_failed: undefined,
  headers_too_large: undefined,
  internal: undefined,
} as const satisfies Failures;

/** As `anyCallFails`, for those that limits count. */
export const countedCallFails = { ...anyCallFails, rate_limited: undefined } as const satisfies Failures;

/** Refers to a schema of `components`. */
export function schemaNamed(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

/** The parameters of every list. */
export const pageQuery: readonly QueryParameter[] = [
  {
    name: 'limit',
    description: 'How many a page has at most: 1 to 1,000, 100 unless given.',
    schema: { type: 'string', pattern: '^([1-9]\\d{0,2}|1000)$', default: '100' },
  },
  {
    name: 'cursor',
    description:
      'The `next_cursor` of the page before, with the same other parameters. It is good for half an hour at least.',
    schema: pageParameters.cursor,
  },
];
