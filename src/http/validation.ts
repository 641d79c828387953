import type { FastifySchemaCompiler } from 'fastify';
import type { TLocalizedValidationError } from 'typebox/error';
import { Compile, type XSchema } from 'typebox/schema';
import { EdgeError, type Fault } from './problems.ts';
import { type QuerySchema, readQuery, summary } from './query.ts';

/** Longer names of unknown members are not repeated in full. */
const LONGEST_SHOWN = 100;

/**
 * Makes the validators of routes. Nothing is coerced, nothing is dropped, and each value that is wrong is told.
 *
 * Schemas are JSON Schema written out, whose types TypeBox infers: its builder would take 150 ms of each start, and
 * `typebox/schema` checks them as they are.
 */
export const compileValidator: FastifySchemaCompiler<unknown> = ({ schema, httpPart }) =>
  httpPart === 'querystring' ? queryValidator(schema as QuerySchema & XSchema) : bodyValidator(schema as XSchema);

type Validity = { value: unknown } | { error: EdgeError };

function queryValidator(schema: QuerySchema & XSchema): (query: unknown) => Validity {
  const check = checker(schema, inQuery);
  return (query) => {
    try {
      return check(readQuery(typeof query === 'string' ? query : '', schema));
    } catch (error) {
      if (error instanceof EdgeError) return { error };
      throw error;
    }
  };
}

function bodyValidator(schema: XSchema): (body: unknown) => Validity {
  const check = checker(schema, inBody);
  return (body) => (body instanceof EdgeError ? { error: body } : check(body));
}

/** How the place of a value is told, by its JSON pointer (RFC 6901). */
type Place = (path: string) => string;

function checker(schema: XSchema, place: Place): (value: unknown) => Validity {
  const validator = Compile(schema);
  return (value) => {
    if (validator.Check(value)) return { value };
    const [, errors] = validator.Errors(value);
    const faults = errors.flatMap((error) => faultsOf(error, place));
    return { error: new EdgeError('invalid_value', summary(faults), { faults }) };
  };
}

/** TypeBox tells at most eight errors of a value, so that a hostile body cannot make the answer long. */
function faultsOf({ keyword, instancePath, params, message }: TLocalizedValidationError, place: Place): Fault[] {
  const fault = (detail: string, path = instancePath): Fault => ({ pointer: place(path), detail });
  switch (keyword) {
    case 'required':
      return params.requiredProperties.map((name) => fault('is required', `${instancePath}/${escapeName(name)}`));
    case 'boolean':
      // A member that the schema does not name is checked by `additionalProperties: false`.
      return [fault('is not a known member')];
    case 'additionalProperties':
      // Told already, each by itself.
      return [];
    case 'type':
      return [fault(`must be ${nameType(params.type)}`)];
    case 'minLength':
      return [fault(params.limit === 1 ? 'must not be empty' : `must be at least ${params.limit} characters long`)];
    case 'maxLength':
      return [fault(`must be at most ${params.limit} characters long`)];
    case 'minProperties':
      return [fault('must have a member')];
    case 'enum':
      return [fault(`must be one of ${params.allowedValues.join(', ')}`)];
    default:
      return [fault(message)];
  }
}

function nameType(type: string | readonly string[]): string {
  // `null` only stands for an absent member, and need not be recommended.
  const name = typeof type === 'string' ? type : (type.find((each) => each !== 'null') ?? 'null');
  return /^[aeiou]/.test(name) ? `an ${name}` : `a ${name}`;
}

/** A member's name as a part of a JSON pointer (RFC 6901 section 3). */
function escapeName(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** A JSON pointer as a URI fragment (RFC 6901 section 6). */
function inBody(path: string): string {
  const shown = path.length > LONGEST_SHOWN ? `${path.slice(0, LONGEST_SHOWN).toWellFormed()}…` : path;
  return `#${encodeURI(shown).replaceAll('#', '%23')}`;
}

/** The parameters of a query are what the schema names, all on one level. */
function inQuery(path: string): string {
  return `?${path.slice(1)}`;
}
