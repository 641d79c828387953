import { listSchema } from '../routes/v1/organizations.ts';
import { type Call, pageQuery } from './call.ts';
import {
  bodyFails,
  countedCallFails,
  faultOf,
  notPatch,
  organizationCallFails,
  tooManyHashes,
  wrongLimit,
} from './call-fails.ts';
import { schemaNamed } from './schema.ts';

const details = {
  id: 'org_01kb1p3zj0e1rvb6r0c8m2h4ty',
  name: 'Acme Corp',
  status: 'active',
  collection_name: 'org_acme_corp',
  admin: { id: 'usr_01kb1p3zj0fwz9k3d5n7q1s8xa', email: 'ada@acme.example' },
  quotas: { documents: null, bytes: null, collections: null },
  limits: { calls_per_minute: null },
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
const othersChange = { detail: 'Others are changing the same organization; try again later' };

/** The calls about organizations of version 1. */
export const organizationCallsV1: readonly Call[] = [
  {
    method: 'post',
    path: '/v1/organizations',
    tag: 'Organizations',
    id: 'createOrganizationV1',
    summary: 'Create an organization as the operator',
    description:
      'For the operator: creates an organization with its admin and the collection `default`. `placement` says how far apart from others its documents stand. With an `Idempotency-Key` the call may be sent again without creating two. The answer is `Cache-Control: no-store`.',
    repeatable: true,
    body: {
      schema: schemaNamed('CreateOrganizationV1'),
      examples: {
        create: {
          summary: 'An organization and its admin',
          value: { name: 'Acme Corp', admin: { email: 'ada@acme.example', password: 'correct horse battery' } },
        },
        apart: {
          summary: 'One whose documents have a database of their own',
          value: {
            name: 'Acme Corp',
            admin: { email: 'ada@acme.example', password: 'correct horse battery' },
            placement: { level: 'database' },
          },
        },
      },
    },
    success: {
      status: 201,
      description: 'The organization as it was decided.',
      headers: ['Location'],
      mediaType: 'application/json',
      schema: schemaNamed('OrganizationDetails'),
      example: { ...details, status: 'creating' },
    },
    errors: {
      ...countedCallFails,
      ...bodyFails,
      organization_name_taken: undefined,
      email_taken: undefined,
      not_authenticated: undefined,
      route_not_found: noOperator,
      idempotency_key_reused: undefined,
      idempotency_keys_full: {
        detail:
          'As many Idempotency-Keys are remembered for the operator as may be; make the call without one, the name tells whether it was done',
      },
      invalid_value: faultOf('#/admin/email', 'is required'),
      clusters_full: undefined,
      busy: tooManyHashes,
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
      invalid_value: wrongLimit,
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
    errors: { ...organizationCallFails, busy: othersChange },
  },
  {
    method: 'patch',
    path: '/v1/organizations/{organization}',
    tag: 'Organizations',
    id: 'setBounds',
    summary: 'Set what an organization may have, and how often it may call',
    description:
      'For the operator: sets the quotas and the limits of the organization, one of them or both. Those that are left out stay as they are; null takes one away. What the organization has already stays, also where that is more. A limit counts on every instance within a second. The answer is `Cache-Control: no-store`.',
    body: {
      schema: schemaNamed('UpdateOrganizationV1'),
      examples: {
        quotas: {
          summary: 'Room for a million documents of 10 GB',
          value: { quotas: { documents: 1_000_000, bytes: 10_000_000_000 } },
        },
        limits: { summary: 'Six hundred calls in a minute', value: { limits: { calls_per_minute: 600 } } },
        unbounded: { summary: 'Any number of documents', value: { quotas: { documents: null } } },
      },
    },
    success: {
      status: 200,
      description: 'The organization as it is now.',
      mediaType: 'application/json',
      schema: schemaNamed('OrganizationDetails'),
      example: {
        ...details,
        quotas: { documents: 1_000_000, bytes: 10_000_000_000, collections: null },
        updated_at: '2026-11-24T16:05:12.480Z',
      },
    },
    errors: {
      ...organizationCallFails,
      ...bodyFails,
      route_not_found: noOperator,
      content_type_unsupported: notPatch,
      invalid_value: faultOf('#/quotas/documents', 'must be an integer'),
      busy: othersChange,
    },
  },
  {
    method: 'delete',
    path: '/v1/organizations/{organization}',
    tag: 'Organizations',
    id: 'deleteOrganizationV1',
    summary: 'Delete an organization with all it has',
    description:
      "For the organization's admin and for the operator; to all others it is not there. Deletes the organization, its collections with their documents, and its admin's account unless another organization needs it. Name and email are free at once, and the tokens are dead. A body is ignored. The answer is `Cache-Control: no-store`.",
    success: {
      status: 200,
      description: 'What was deleted.',
      mediaType: 'application/json',
      schema: schemaNamed('DeletedOrganizationV1'),
      example: { id: details.id, name: 'Acme Corp', erased: { documents: 2, bytes: 156, collections: 2 } },
    },
    errors: { ...organizationCallFails, busy: othersChange },
  },
  {
    method: 'get',
    path: '/v1/organizations/{organization}/usage',
    tag: 'Organizations',
    id: 'getUsage',
    summary: 'How much an organization has, and may have',
    description:
      "For the organization's admin and for the operator; to all others it is not there. The numbers are kept with every change. The answer is `Cache-Control: no-store`.",
    success: {
      status: 200,
      description: 'The usage.',
      mediaType: 'application/json',
      schema: schemaNamed('Usage'),
      example: {
        documents: 2,
        bytes: 156,
        collections: 2,
        quotas: { documents: null, bytes: null, collections: 100 },
      },
    },
    errors: organizationCallFails,
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
    errors: { ...organizationCallFails, route_not_found: noOperator },
  },
];
