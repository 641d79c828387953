import { type Call, countedCallFails, schemaNamed } from './call.ts';

const foundByPath = {
  ...countedCallFails,
  not_authenticated: undefined,
  organization_not_found: undefined,
  storage_unavailable: undefined,
} as const;

const noOperator = { detail: 'There is nothing at this path' };

/** The calls about organizations of version 1. */
export const organizationCallsV1: readonly Call[] = [
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
      example: {
        id: 'org_01kb1p3zj0e1rvb6r0c8m2h4ty',
        name: 'Acme Corp',
        status: 'active',
        collection_name: 'org_acme_corp',
        admin: { id: 'usr_01kb1p3zj0fwz9k3d5n7q1s8xa', email: 'ada@acme.example' },
        created_at: '2026-11-24T09:30:00.000Z',
        updated_at: '2026-11-24T09:30:00.000Z',
      },
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
      example: {
        level: 'collection',
        cluster: 'main',
        database: 'tenants-0001',
        collection_name: 'org_acme_corp',
        epoch: 1,
      },
    },
    errors: { ...foundByPath, route_not_found: noOperator },
  },
];
