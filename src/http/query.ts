import { EdgeError, type Fault } from './problems.ts';

/** What a query schema says that matters here: its parameters, and which must be there. Each is a string. */
export interface QuerySchema {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
  /** Parameters that the schema does not name are refused; else they are ignored. */
  readonly additionalProperties?: false;
}

/** A route's schema of its query that takes no other parameters; where the route has none, no parameters at all. */
export function strictQuery(schema: Partial<QuerySchema> | undefined): QuerySchema {
  return { ...{ type: 'object', properties: {} }, ...schema, additionalProperties: false };
}

/** Parameters that are told of as unknown, and characters of each. */
const mostUnknown = 8;
const longestShown = 100;

/**
 * Reads the parameters of a schema from the text after the `?` of a URL. A value is never repaired: what is not UTF-8 is
 * refused, where `URLSearchParams` would put U+FFFD.
 *
 * @throws {EdgeError} invalid_value: a parameter is missing, empty, given twice, malformed, holds a NUL or is not known
 */
export function readQuery(query: string, schema: QuerySchema): Record<string, string> {
  const { properties, required = [] } = schema;
  // The common case.
  if (query === '' && required.length === 0) return {};
  const given = new Map<string, string[]>();
  const unknown = new Set<string>();
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    const rawName = equals === -1 ? pair : pair.slice(0, equals);
    const name = decode(rawName);
    if (name === undefined || !Object.hasOwn(properties, name)) {
      if (pair !== '') unknown.add(rawName);
      continue;
    }
    const values = given.get(name);
    const value = equals === -1 ? '' : pair.slice(equals + 1);
    if (values === undefined) given.set(name, [value]);
    else values.push(value);
  }
  const faults = schema.additionalProperties === false ? unknownFaults([...unknown], Object.keys(properties)) : [];
  const read: Record<string, string> = {};
  for (const name of Object.keys(properties)) {
    const values = given.get(name);
    if (values === undefined && !required.includes(name)) continue;
    const { value, detail } = readValue(values ?? []);
    if (value === undefined) faults.push({ pointer: `?${name}`, detail });
    else read[name] = value;
  }
  if (faults.length > 0) throw new EdgeError('invalid_value', summary(faults), { faults });
  return read;
}

/** A name is told as it was sent: URLs are ASCII, and one that cannot be decoded has no other form. */
function unknownFaults(unknown: readonly string[], known: readonly string[]): Fault[] {
  const detail = `is not a parameter of this call, which takes ${known.length === 0 ? 'none' : known.join(', ')}`;
  return unknown.slice(0, mostUnknown).map((name) => {
    const shown = name.length > longestShown ? `${name.slice(0, longestShown)}…` : name;
    return { pointer: `?${shown}`, detail };
  });
}

type Reading = { value: string; detail?: never } | { value?: never; detail: string };

function readValue([raw, ...others]: readonly string[]): Reading {
  if (raw === undefined) return { detail: 'is required' };
  if (others.length > 0) return { detail: 'must be given once' };
  if (raw === '') return { detail: 'must not be empty' };
  const value = decode(raw);
  if (value === undefined) return { detail: 'must be percent-encoded UTF-8' };
  if (value.includes('\0')) return { detail: 'must not contain NUL' };
  return { value };
}

/**
 * Undoes `application/x-www-form-urlencoded`, or gives undefined where that cannot be done. Node refuses a URL with
 * bytes past ASCII before it comes here.
 */
function decode(raw: string): string | undefined {
  // Most have nothing to decode.
  if (!raw.includes('%') && !raw.includes('+')) return raw;
  try {
    return decodeURIComponent(raw.replaceAll('+', ' '));
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** Says what is wrong with values: the one, or how many. */
export function summary(faults: readonly Fault[]): string {
  const [first, ...others] = faults;
  if (first === undefined) return 'A value breaks a rule';
  return others.length === 0 ? `${first.pointer} ${first.detail}` : `${faults.length} values break a rule`;
}
