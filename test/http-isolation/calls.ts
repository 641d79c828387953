import assert from 'node:assert/strict';
import { openApiDocument } from '../../src/http/openapi.ts';
import { type Access, routeNames, rowOf } from '../../src/http/route-table.ts';
import type { Method } from '../http-documents/calls.ts';

/** A call of the API, as the public is told of it. */
export interface ApiCall {
  /** `GET /v1/organizations/{organization}` */
  readonly name: string;
  readonly method: Method;
  readonly path: string;
  readonly access: Access;
  /** The names of the path's parameters. */
  readonly parameters: readonly string[];
  /** The names of the query's parameters. */
  readonly query: readonly string[];
  /** A body that it takes, where it takes one; the lines of one that has lines. */
  readonly body: unknown;
  readonly mediaType: string | undefined;
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
}

interface Content {
  readonly examples: Readonly<Record<string, { readonly value: unknown }>>;
}

const { paths } = openApiDocument('1.2.3') as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

const lines = 'application/x-ndjson';

/** Every call for which a token is needed, whoever adds it: the table of who may call has all routes. */
export const guardedCalls: readonly ApiCall[] = routeNames
  .map(callOf)
  .filter(({ access }) => access !== 'anyone' && access !== 'metrics');

/** Those about an organization that the path names. */
export const tenantCalls: readonly ApiCall[] = guardedCalls.filter(({ parameters }) =>
  parameters.includes('organization'),
);

function callOf(row: string): ApiCall {
  const [method = '', url = ''] = row.split(' ');
  const path = url.replaceAll(/:(\w+)/g, '{$1}');
  const { parameters = [], requestBody } = paths[path]?.[method.toLowerCase()] ?? {};
  const [[mediaType, content] = []] = Object.entries(requestBody?.content ?? {});
  const [example] = Object.values(content?.examples ?? {});
  const takesBody = ['POST', 'PUT', 'PATCH'].includes(method);
  assert.equal(example !== undefined, takesBody, `the API's document has an example of the body of ${row}`);
  return {
    name: `${method} ${path}`,
    method: method as Method,
    path,
    access: rowOf(method, url).access,
    parameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name),
    query: parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name),
    body: mediaType === lines ? linesOf(String(example?.value)) : example?.value,
    mediaType,
  };
}

function linesOf(text: string): unknown[] {
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

/** A body of a call as it is sent. */
export function bodyText({ mediaType }: ApiCall, body: unknown): string {
  return mediaType === lines && Array.isArray(body)
    ? body.map((line) => JSON.stringify(line)).join('\n')
    : JSON.stringify(body);
}

/** What stands for each parameter of a path, and for the ids that queries and bodies have. */
export interface Values {
  readonly organization: string;
  readonly collection: string;
  readonly id: string;
  /** An entity tag. */
  readonly etag: string;
  /** The admin's user id. */
  readonly user: string;
}

/** The path of a call with these values; a parameter that nobody has thought of is a fault of this suite. */
export function filled({ name, path }: ApiCall, values: Values): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, parameter: string) => {
    const value = parameter in values ? values[parameter as keyof Values] : undefined;
    assert.ok(value !== undefined, `${name}: say what stands for {${parameter}}`);
    return encodeURIComponent(value);
  });
}

/** Parameters of queries that hold nothing of an organization; cursors are tried by themselves. */
const harmless = ['limit', 'cursor', 'direction', 'etags', 'first_line', 'type', 'from', 'to', 'after'];

/** Which value a parameter of a query holds. */
const inQuery: Readonly<Record<string, keyof Values>> = { collection: 'collection', actor: 'user' };

/** The parameters of a call's query that hold a value; one that nobody has thought of is a fault of this suite. */
export function queryVariants({
  name,
  query,
}: ApiCall): { readonly parameter: string; readonly value: keyof Values }[] {
  return query
    .filter((parameter) => !harmless.includes(parameter))
    .map((parameter) => {
      const value = inQuery[parameter];
      assert.ok(value !== undefined, `${name}: say what stands for ?${parameter}`);
      return { parameter, value };
    });
}

/** Which value a member of a body holds, by its name. Another name that holds an id has to be added here. */
const members: Readonly<Record<string, keyof Values>> = {
  id: 'id',
  _id: 'id',
  name: 'collection',
  collection: 'collection',
  if_match: 'etag',
};

/** A body that has another's value in some places. */
export interface BodyVariant {
  /** Where it differs. */
  readonly what: string;
  /** The body with these values there, and the caller's own beside them. */
  with(values: Values, own: Values): unknown;
}

/**
 * The body of a call with another's values in each of its places that hold one, and in all of them. Of an array there is
 * one element alone, so that none keeps another from being looked at.
 */
export function bodyVariants({ body }: ApiCall): BodyVariant[] {
  return singles(body).flatMap((single) => {
    const places = [...placesIn(single, [])];
    const choices =
      places.length > 1 ? [places, ...places.map((place) => [place])] : [places].filter(([first]) => first);
    return choices.map((chosen) => ({
      what: chosen.map((place) => place.join('/')).join(', '),
      with: (values: Values, own: Values) =>
        places.reduce((made, place) => replaced(made, place, chosen.includes(place) ? values : own), single),
    }));
  });
}

/** A value with one element of each array, in every way. */
function singles(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [value];
  if (Array.isArray(value)) return value.flatMap((element) => singles(element).map((single) => [single]));
  const empty: object[] = [{}];
  return Object.entries(value).reduce(
    (made, [name, member]) =>
      made.flatMap((object) => singles(member).map((single) => ({ ...object, [name]: single }))),
    empty,
  );
}

type Path = readonly string[];

function* placesIn(value: unknown, path: Path): Generator<Path> {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (typeof member === 'string' && name in members) yield [...path, name];
    else yield* placesIn(member, [...path, name]);
  }
}

function replaced(value: unknown, [name = '', ...rest]: Path, values: Values): unknown {
  const set = (member: unknown) => (rest.length === 0 ? values[members[name] ?? 'id'] : replaced(member, rest, values));
  if (Array.isArray(value)) return value.map((element, place) => (String(place) === name ? set(element) : element));
  const object = value as Readonly<Record<string, unknown>>;
  return { ...object, [name]: set(object[name]) };
}
