import { problemKinds } from '../problems.ts';
import { signInSchema } from '../routes/admin.ts';
import { createSchema, updateSchema } from '../routes/organizations.ts';
import { changeSchema, createSchemaV1 } from '../routes/v1/organizations.ts';
import { bytesDescription, documentSchemas } from './document-schemas.ts';
import { eventSchemas } from './event-schemas.ts';
import { answer, described, pageOf, type Schema, schemaNamed, shownTime } from './schema.ts';

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

const levels =
  'How far apart from others the documents stand. `pooled`: rows of a table that all share. `collection`: a table or collections of its own. `database`: a file or database of its own. `cluster`: that on another cluster than `main`.';

const quotas = described(changeSchema.body.properties.quotas, {
  documents: 'Documents of all collections. null is no bound.',
  bytes: 'Bytes of all documents, as the usage counts them. null is no bound.',
  collections: 'Collections, `default` among them. null is the bound of the installation: 100, unless another is set.',
});

const limits = described(changeSchema.body.properties.limits, {
  calls_per_minute:
    'Calls by all tokens of the organization in a minute. null is what the installation allows: 60,000, unless another is set.',
});

const usage = {
  documents: { type: 'integer', minimum: 0, description: 'Of all collections.' },
  bytes: { type: 'integer', minimum: 0, description: bytesDescription },
  collections: { type: 'integer', minimum: 1, description: '`default` among them.' },
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
      placement: described(createSchemaV1.body.properties.placement, {
        level: `${levels} Left out, it is the choice of the installation: \`collection\`, unless another is set.`,
        cluster: 'The cluster that it is to be on, one of `GET /v1/clusters`. Left out, it is the first one with room.',
      }),
    },
  },
  UpdateOrganizationV1: { ...changeSchema.body, properties: { quotas, limits } },
  OrganizationPage: pageOf('OrganizationSummary'),
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
    quotas: schemaNamed('Quotas'),
    limits: schemaNamed('OrganizationLimits'),
    created_at: shownTime,
    updated_at: {
      ...shownTime,
      description: `${shownTime.description} The admin's email and the end of the creation have no part in it.`,
    },
  }),
  Placement: answer({
    level: { ...createSchemaV1.body.properties.placement.properties.level, description: levels },
    cluster: { type: 'string', description: '`main` is where the master database is.' },
    database: { type: 'string', description: 'Within the cluster: a file of the embedded store, or a database.' },
    collection_name: shownCollection,
    epoch: { type: 'integer', minimum: 1, description: 'Raised with each change of the placement.' },
  }),
  Quotas: {
    ...quotas,
    required: Object.keys(changeSchema.body.properties.quotas.properties),
    description: 'What the operator allows the organization. What it had before stays, also where that is more.',
  },
  OrganizationLimits: {
    ...limits,
    required: Object.keys(changeSchema.body.properties.limits.properties),
    description: 'What the operator set for the calls of the organization. The other limits hold beside it.',
  },
  Usage: answer({
    ...usage,
    quotas: { ...schemaNamed('Quotas'), description: 'What it may have. Here `collections` is never null.' },
  }),
  Clusters: answer({ data: { type: 'array', items: schemaNamed('Cluster') } }),
  Cluster: answer({
    name: { type: 'string', description: '`main` is where the master database is.' },
    kind: { type: 'string', enum: ['embedded', 'mongodb'], description: 'The engine that keeps the documents.' },
    health: { type: 'string', enum: ['up', 'down'], description: 'Whether it answers.' },
    organizations: orUnknown('Organizations that have documents there.'),
    standing_collections: orUnknown(
      "What the bound on collections is compared with. On MongoDB all collections of the databases in use, the service's own and those of other programs among them, since each costs the deployment the same; an organization's counts from its first document on. On the embedded store the same as `collections`.",
    ),
    databases: orUnknown('Files or databases of single organizations, which the bound on databases is compared with.'),
    bytes: orUnknown('What all this takes.'),
    collections: orUnknown(
      'Tables or collections of single organizations, by the master database: on MongoDB those without a document are among them. Unknown too where there are more organizations than can be counted in the time of a call.',
    ),
    room: {
      ...answer({
        collections: orUnknown('How many more it takes: the bound less `standing_collections`.'),
        databases: orUnknown('How many more it takes.'),
      }),
      description: 'null is no bound, or unknown where the cluster is down.',
    },
  }),
  DeletedOrganizationV1: answer({
    id: shownId,
    name: shownName,
    erased: {
      anyOf: [answer(usage), { type: 'null' }],
      description:
        'What it had as it was counted with each write, collections with `default`; null where that is still being removed. What other programs added on MongoDB since the last recount is removed too, and is not in it.',
    },
  }),
  ...documentSchemas,
  ...eventSchemas,
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
        errors: { type: 'array', items: schemaNamed('Fault'), description: 'Each value at fault.' },
      },
    ),
    description: 'RFC 9457.',
  },
  Fault: answer({
    pointer: {
      type: 'string',
      description:
        '`#/email`: a member of the body. `?organization_name`: a parameter of the query. `{id}`: one of the path. `Last-Event-ID`: a field of the head.',
    },
    detail: { type: 'string' },
  }),
};

/** A number of something that cannot be counted where nothing answers. */
function orUnknown(description: string): Schema {
  return { type: ['integer', 'null'], minimum: 0, description };
}
