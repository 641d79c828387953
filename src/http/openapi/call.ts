import { pageParameters } from '../paging.ts';
import type { Fault, ProblemCode } from '../problems.ts';
import type { HeaderName } from './headers.ts';
import type { Schema } from './schema.ts';

/** A call as a developer is told of it, which the document's Operation Object is made of. */
export interface Call {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: string;
  readonly tag: 'Organizations' | 'Collections' | 'Documents' | 'Events' | 'Log-in' | 'Operation' | 'Documentation';
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
  /** It goes on after the event that `Last-Event-ID` names. */
  readonly resumable?: true;
  /** It is done only where the document is in the state that `If-Match` and `If-None-Match` expect. */
  readonly conditional?: true;
  readonly body?: RequestBody;
  /** What it answers to its first example. */
  readonly success: Success;
  /** What it answers where all went well in another way. */
  readonly otherSuccess?: Success;
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
  /** `application/json` alone where it is left out. */
  readonly mediaTypes?: readonly string[];
  readonly schema: Schema;
  readonly examples: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;
}

/** What a call answers where all went well. */
export type Success = Content | NoContent;

interface Content {
  readonly status: 200 | 201;
  readonly description: string;
  /** Header fields beside those of every answer. */
  readonly headers?: readonly HeaderName[];
  readonly mediaType: string;
  readonly schema: Schema;
  /** Of a long answer, a part. */
  readonly example: unknown;
}

interface NoContent {
  readonly status: 204;
  readonly description: string;
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
