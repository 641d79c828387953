import { listSchema } from '../routes/v1/organizations.ts';
import { type Call, countedCallFails, pageQuery, schemaNamed } from './call.ts';

const foundByPath = {
  ...countedCallFails,
  not_authenticated: undefined,
  organization_not_found: undefined,
  storage_unavailable: undefined,
} as const;

const details = {
  id: 'org_01kb1p3zj0e1rvb6r0c8m2h4ty',
  name: 'Acme Corp',
  status: 'active',
  collection_name: 'org_acme_corp',
  admin: { id: 'usr_01kb1p3zj0fwz9k3d5n7q1s8xa', email: 'ada@acme.example' },
  created_at: '2026-11-24T09:30:00.000Z',
  updated_at: '2026-11-24T09:30:00.000Z',
} as const;

const placement = {
  level: 'collection',
  cluster: 'main',
  database: 'tenants-0001',
  collection_name: 'org_acme_corp',
  epoch: 1,
} as const;

const { name_prefix, status, level, cluster } = listSchema.querystring.properties;

const noOperator = { detail: 'There is nothing at this path' };

/** The calls about organizations of version 1. */
export const organizationCallsV1: readonly Call[] = [
  {
    method: 'post',
    path: '/v1/organizations',
    tag: 'Organizations',
    id: 'createOrganizationV1',
    summary: 'Create an organization as the operator',
    description:
      'For the operator: creates an organization with its admin and its collection. With an `Idempotency-Key` it may be sent again without creating two. The answer is `Cache-Control: no-store`, and `Location` is where the organization is.',
    repeatable: true,
    body: {
      schema: schemaNamed('CreateOrganizationV1'),
      examples: {
        create: {
          summary: 'An organization and its admin',
          value: { name: 'Acme Corp', admin: { email: 'ada@acme.example', password: 'correct horse battery' } },
        },
      },
    },
    success: {
      status: 201,
      description: 'The organization as it was decided.',
      mediaType: 'application/json',
      schema: schemaNamed('OrganizationDetails'),
      example: { ...details, status: 'creating' },
    },
    errors: {
      ...countedCallFails,
      body_unreadable: undefined,
      body_too_large: undefined,
      content_type_unsupported: undefined,
      organization_name_taken: undefined,
      email_taken: undefined,
      not_authenticated: undefined,
      route_not_found: noOperator,
      idempotency_key_reused: undefined,
      invalid_value: {
        detail: '#/admin/email is required',
        faults: [{ pointer: '#/admin/email', detail: 'is required' }],
      },
      busy: undefined,
      stopping: undefined,
      storage_unavailable: undefined,
    },
  },
  {
    method: 'get',
    path: '/v1/organizations',
    tag: 'Organizations',
    id: 'listOrganizations',
    summary: 'List organizations',
    description:
      'For the operator: lists organizations page by page, by name or, of one status alone, by id. Those that are being deleted are listed where their `status` is asked for. What is there all the time is listed once, whatever is written meanwhile. A page may be shorter than `limit` and not the last: the last one has no `next_cursor`.',
    query: [
      {
        name: 'name_prefix',
        description: 'What names begin with, in any case and spacing.',
        schema: name_prefix,
        example: 'acme',
      },
      { name: 'status', description: 'Of this status alone; `creating` and `active` unless given.', schema: status },
      { name: 'level', description: 'Of this level of isolation alone.', schema: level },
      { name: 'cluster', description: 'On this cluster alone.', schema: cluster },
      ...pageQuery,
    ],
    success: {
      status: 200,
      description: 'A page.',
      mediaType: 'application/json',
      schema: schemaNamed('OrganizationPage'),
      example: {
        data: [
          {
            id: details.id,
            name: 'Acme Corp',
            status: 'active',
            placement,
            created_at: details.created_at,
            updated_at: details.updated_at,
          },
        ],
        next_cursor: null,
      },
    },
    errors: {
      ...countedCallFails,
      not_authenticated: undefined,
      route_not_found: noOperator,
      invalid_value: {
        detail: '?limit must be a whole number from 1 to 1000',
        faults: [{ pointer: '?limit', detail: 'must be a whole number from 1 to 1000' }],
      },
      storage_unavailable: undefined,
    },
  },
  {
    method: 'get',
    path: '/v1/organizations/{organization}',
    tag: 'Organizations',
    id: 'getOrganizationV1',
    summary: 'Read an organization by its id or name',
    description:
      "For the organization's admin and for the operator; to all others it is not there. The answer is `Cache-Control: no-store`, and has an `ETag` by which it can be asked whether anything has changed.",
    tagged: true,
    success: {
      status: 200,
      description: 'The organization.',
      mediaType: 'application/json',
      schema: schemaNamed('OrganizationDetails'),
      example: details,
    },
    errors: { ...foundByPath, busy: { detail: 'Others are changing the same organization; try again later' } },
  },
  {
    method: 'get',
    path: '/v1/organizations/{organization}/placement',
    tag: 'Operation',
    id: 'getPlacement',
    summary: "Where an organization's documents live",
    description:
      'For the operator: how far apart from others the documents of the organization stand, and where. The answer is `Cache-Control: no-store`.',
    success: {
      status: 200,
      description: 'The placement.',
      mediaType: 'application/json',
      schema: schemaNamed('Placement'),
      example: placement,
    },
    errors: { ...foundByPath, route_not_found: noOperator },
  },
];
