import assert from 'node:assert/strict';
import { type OpenApiDocument, openApiDocument } from '../../src/http/openapi.ts';
import type { ProblemCode } from '../../src/http/problems.ts';
import { testVersion } from './ground.ts';

/** A Header Object, or a reference to one. */
type Headers = Readonly<Record<string, unknown>>;

/** An answer that the document tells of. */
export interface ToldAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined: it has no content. */
  readonly mediaType: string | undefined;
  readonly schema: Readonly<Record<string, unknown>>;
}

/** An answer of a call that went well. */
export interface ToldSuccess extends ToldAnswer {
  readonly example: unknown;
}

/** An answer that tells a problem. */
export interface ToldProblem extends ToldAnswer {
  readonly code: ProblemCode;
  readonly example: unknown;
}

/** A body that a call takes. */
export interface ToldBody {
  readonly mediaTypes: readonly string[];
  readonly examples: readonly unknown[];
  readonly schema: Readonly<Record<string, unknown>>;
}

/** A call that the document tells of. */
export interface ToldCall {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  /** Whose token it wants, the first where there are several. */
  readonly bearer: 'admin' | 'operator' | undefined;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: 'path' | 'query' | 'header';
    readonly example?: string;
  }[];
  readonly body: ToldBody | undefined;
  /** What its first example is answered. */
  readonly success: ToldSuccess;
  /** How else it may succeed. */
  readonly otherSuccess: ToldSuccess | undefined;
  /** It may be answered 304. */
  readonly mayBeKept: boolean;
  readonly problems: readonly ToldProblem[];
}

/** The document that is tested, as whoever reads it has it: as JSON. */
export const document: OpenApiDocument = JSON.parse(JSON.stringify(openApiDocument(testVersion)));

interface Content {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

interface Response {
  readonly $ref?: string;
  readonly headers: Headers;
  readonly content?: Readonly<Record<string, Content>>;
}

interface Operation {
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly parameters?: ToldCall['parameters'];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, Response>>;
}

/** Every call of the document. */
export const calls: readonly ToldCall[] = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => callOf(method.toUpperCase(), path, operation as Operation)),
);

/** The call of this name, such as `PUT /org/update`. */
export function callNamed(name: string): ToldCall {
  const call = calls.find((each) => each.name === name);
  assert.ok(call, `${name} is in the document`);
  return call;
}

/** A schema with what it refers to. */
export function withComponents(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { ...schema, components: document.components };
}

function callOf(method: string, path: string, operation: Operation): ToldCall {
  const { 304: notModified, ...responses } = operation.responses;
  const answers = Object.entries(responses).map(([status, response]) => answerOf(Number(status), response));
  const [success, otherSuccess, ...others] = answers.filter(({ status }) => status < 300).map(successOf);
  assert.ok(success !== undefined && others.length === 0, `${method} ${path} succeeds in one way, or in two`);
  return {
    name: `${method} ${path}`,
    method,
    path,
    bearer: (['admin', 'operator'] as const).find((name) => operation.security.some((needed) => name in needed)),
    parameters: operation.parameters ?? [],
    body: operation.requestBody && bodyOf(operation.requestBody.content),
    success,
    otherSuccess,
    mayBeKept: notModified !== undefined,
    problems: answers.filter(({ status }) => status >= 400).flatMap(problemsOf),
  };
}

function bodyOf(content: Readonly<Record<string, Content>>): ToldBody {
  const [told, ...others] = Object.values(content);
  assert.ok(told !== undefined);
  for (const other of others) assert.deepEqual(other, told, 'a body is the same whatever its media type is called');
  const { schema, examples = {} } = told;
  return { mediaTypes: Object.keys(content), examples: Object.values(examples).map(({ value }) => value), schema };
}

type Answer = ToldAnswer & { readonly content: Content | undefined };

function answerOf(status: number, response: Response): Answer {
  const { headers, content = {} } = resolve(response);
  const [entry, ...others] = Object.entries(content);
  assert.ok(others.length === 0 && (entry === undefined) === (status === 204), `${status} has content of one kind`);
  const [mediaType, told] = entry ?? [];
  return { status, headers, mediaType, schema: told?.schema ?? {}, content: told };
}

function successOf({ content, ...answer }: Answer): ToldSuccess {
  return { ...answer, example: content?.example };
}

function resolve(response: Response): Response {
  if (response.$ref === undefined) return response;
  const name = /^#\/components\/responses\/(\w+)$/.exec(response.$ref)?.[1] ?? '';
  const shared = document.components['responses']?.[name];
  assert.ok(shared, `${response.$ref} leads to a response`);
  return shared as Response;
}

function problemsOf({ content, ...answer }: Answer): ToldProblem[] {
  return Object.entries(content?.examples ?? {}).map(([code, { value }]) => ({
    ...answer,
    code: code as ProblemCode,
    example: value,
  }));
}
