import { problemKinds } from '../problems.ts';
import { signInSchema } from '../routes/admin.ts';
import { createSchema, updateSchema } from '../routes/organizations.ts';
import { createSchemaV1 } from '../routes/v1/organizations.ts';
import { type Schema, schemaNamed } from './call.ts';

const name = 'A name is compared without regard to case, width and runs of white space.';
const newName = `3 to 50 characters when trimmed, without control characters, unlike an id. ${name}`;
const newEmail =
  'An email address, `local@domain`, of at most 254 characters. It is kept as given and compared without case.';
const newPassword = '8 to 1,024 characters, none of which is NUL. All of them count.';

const shownName = { type: 'string', description: 'As it was given, trimmed.' } as const;
const shownCollection = {
  type: 'string',
  pattern: '^org_[a-z0-9_]{1,96}$',
  description: "The collection of the organization's data. It is given at the creation and never changes.",
} as const;

const shownId = {
  type: 'string',
  pattern: '^org_[0-7][0-9a-hjkmnp-tv-z]{25}$',
  description: 'A TypeID. It never changes.',
} as const;
const shownStatus = {
  type: 'string',
  enum: ['creating', 'active'],
  description: '`creating`: its collection may not be there yet. All calls find it.',
} as const;
const shownTime = {
  type: 'string',
  format: 'date-time',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$',
  description: 'RFC 3339, in UTC, with milliseconds.',
} as const;

/** The schemas of `components`: of bodies as the routes check them, and of answers. */
export const schemas: Readonly<Record<string, Schema>> = {
  CreateOrganization: described(createSchema.body, {
    organization_name: newName,
    email: newEmail,
    password: newPassword,
  }),
  UpdateOrganization: described(updateSchema.body, {
    organization_name: `Selects the organization. ${name}`,
    email: `${newEmail} null counts as absent.`,
    password: `${newPassword} It ends every token of the admin, also where it is the same again. null counts as absent.`,
    new_organization_name: `${newName} null counts as absent.`,
  }),
  LogIn: described(signInSchema.body, {
    email: 'The email of an admin, in any case.',
    password: 'At most 1,024 characters.',
  }),
  Organization: answer({
    organization_name: shownName,
    collection_name: shownCollection,
    admin_email: { type: 'string', format: 'email' },
    created_at: shownTime,
  }),
  CreateOrganizationV1: {
    ...createSchemaV1.body,
    properties: {
      name: { type: 'string', description: newName },
      admin: described(createSchemaV1.body.properties.admin, { email: newEmail, password: newPassword }),
    },
  },
  OrganizationPage: answer({
    data: { type: 'array', items: schemaNamed('OrganizationSummary') },
    next_cursor: { type: ['string', 'null'], description: 'For `cursor` of the next page; null on the last one.' },
  }),
  OrganizationSummary: answer({
    id: shownId,
    name: shownName,
    status: { ...shownStatus, enum: ['creating', 'active', 'deleting', 'deleted'] },
    placement: schemaNamed('Placement'),
    created_at: shownTime,
    updated_at: shownTime,
  }),
  OrganizationDetails: answer({
    id: shownId,
    name: shownName,
    status: shownStatus,
    collection_name: shownCollection,
    admin: answer({
      id: { type: 'string', pattern: '^usr_[0-7][0-9a-hjkmnp-tv-z]{25}$', description: 'A TypeID.' },
      email: { type: 'string', format: 'email' },
    }),
    created_at: shownTime,
    updated_at: {
      ...shownTime,
      description: `${shownTime.description} The admin's email and the end of the creation have no part in it.`,
    },
  }),
  Placement: answer({
    level: { type: 'string', enum: ['collection'], description: 'How far apart from others.' },
    cluster: { type: 'string', description: '`main` is where the master database is.' },
    database: { type: 'string', description: 'Within the cluster: a file of the embedded store, or a database.' },
    collection_name: shownCollection,
    epoch: { type: 'integer', minimum: 1, description: 'Raised with each change of the placement.' },
  }),
  DeletedOrganization: answer({
    message: { type: 'string', description: 'Names the organization as it was stored.' },
    deleted_collection: { ...shownCollection, description: 'The collection that is deleted with it.' },
  }),
  AccessToken: answer({
    access_token: {
      type: 'string',
      description:
        'A JWT signed with EdDSA; `/.well-known/jwks.json` has the key. Claims: `iss, aud, sub, email, generation, organization_id, organization_name, iat, exp, jti`.',
    },
    token_type: { type: 'string', const: 'bearer' },
  }),
  Service: answer({
    message: { type: 'string' },
    version: { type: 'string', description: 'Of the program.' },
    docs: { type: 'string', description: 'The path of this documentation.' },
  }),
  Live: answer({ status: { type: 'string', const: 'live' } }),
  Ready: answer({ status: { type: 'string', const: 'ready' } }),
  KeySet: answer({ keys: { type: 'array', items: schemaNamed('Key') } }),
  Key: answer({
    kty: { type: 'string', const: 'OKP' },
    crv: { type: 'string', const: 'Ed25519' },
    x: { type: 'string', description: 'The public key, base64url.' },
    kid: { type: 'string', description: "The key's thumbprint, RFC 7638." },
    alg: { type: 'string', const: 'EdDSA' },
    use: { type: 'string', const: 'sig' },
  }),
  Problem: {
    ...answer(
      {
        type: { type: 'string', format: 'uri', description: 'A URN, of which `code` is the last part.' },
        title: { type: 'string', description: 'The same for every occurrence.' },
        status: { type: 'integer', minimum: 400, maximum: 599 },
        detail: { type: 'string', description: 'What is wrong this time.' },
        code: { type: 'string', enum: Object.keys(problemKinds), description: 'What a program decides by.' },
        request_id: { type: 'string', description: 'Names the request, as `X-Request-Id` does.' },
      },
      {
        errors: { type: 'array', items: schemaNamed('Fault'), description: 'Each value that breaks a rule.' },
      },
    ),
    description: 'RFC 9457.',
  },
  Fault: answer({
    pointer: {
      type: 'string',
      description: '`#/email`: a member of the body. `?organization_name`: a parameter of the query.',
    },
    detail: { type: 'string' },
  }),
};

/** The schema that a route checks a body by, with a description for each member. */
function described<const Body extends { readonly properties: Readonly<Record<string, object>> }>(
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
function answer(members: Readonly<Record<string, Schema>>, optional: Readonly<Record<string, Schema>> = {}): Schema {
  return { type: 'object', required: Object.keys(members), properties: { ...members, ...optional } };
}
