/** A JSON Schema, 2020-12, written out. */
export type Schema = Readonly<Record<string, unknown>>;

/** Refers to a schema of `components`. */
export function schemaNamed(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

/** The schema that a route checks a body by, with a description for each member. */
export function described<const Body extends { readonly properties: Readonly<Record<string, object>> }>(
  body: Body,
  descriptions: { readonly [Member in keyof Body['properties']]: string },
): Schema {
  const properties = Object.entries(body.properties).map(([member, schema]) => [
    member,
    { ...schema, description: descriptions[member] },
  ]);
  return { ...body, properties: Object.fromEntries(properties) };
}

/** An object that has all of these members, and may have the optional ones. */
export function answer(
  members: Readonly<Record<string, Schema>>,
  optional: Readonly<Record<string, Schema>> = {},
): Schema {
  return { type: 'object', required: Object.keys(members), properties: { ...members, ...optional } };
}

/** A page of a list, whose entries have the schema of this name. */
export function pageOf(name: string, optional?: Readonly<Record<string, Schema>>): Schema {
  const next_cursor = {
    type: ['string', 'null'],
    description: 'For `cursor` of the next page; null on the last one.',
  };
  return answer({ data: { type: 'array', items: schemaNamed(name) }, next_cursor }, optional);
}

/** A time, as all answers have it. */
export const shownTime = {
  type: 'string',
  format: 'date-time',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$',
  description: 'RFC 3339, in UTC, with milliseconds.',
} as const;
