import { BSON, DBRef, Long } from 'mongodb';

/**
 * What a document of the server holds, as compact JSON: values that JSON has as they are, all others as MongoDB Extended
 * JSON v2, relaxed (https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/). A date is
 * `{"$date":"2026-01-02T03:04:05Z"}`, a number that is none `{"$numberDouble":"NaN"}`.
 */
export function jsonTextOf(members: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(isJson(members) ? members : relaxed(members));
}

/** Whether JSON has such a value, with all that is in it. */
function isJson(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      if (Array.isArray(value)) return value.every(isJson);
      return value === null || (isPlain(value) && Object.values(value).every(isJson));
    default:
      return false;
  }
}

function relaxed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relaxed);
  if (isPlain(value)) {
    // Whatever the names are, `__proto__` too, each becomes a member.
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, relaxed(member)]));
  }
  if (isJson(value)) return value;
  // Types of their own on the server that the driver gives as values of JavaScript.
  if (value === undefined) return { $undefined: true };
  if (typeof value === 'number') return { $numberDouble: String(value) };
  // In the relaxed format it would become a number, which cannot have it exactly.
  if (value instanceof Long && value._bsontype === 'Long') return { $numberLong: value.toString() };
  if (value instanceof DBRef) return relaxed(value.toJSON());
  return BSON.EJSON.serialize({ value }, { relaxed: true })['value'];
}

/** Whether it is an object of the server's, and no class of the driver's: a member that has the name of their mark makes none. */
function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
