import { nameInQuery } from '../routes/organizations.ts';
import type { Call, QueryParameter } from './call.ts';
import { bodyFails, countedCallFails, faultOf, tooManyHashes } from './call-fails.ts';
import { schemaNamed } from './schema.ts';

const organization = {
  organization_name: 'Acme Corp',
  collection_name: 'org_acme_corp',
  admin_email: 'ada@acme.example',
  created_at: '2026-11-24T09:30:00.000Z',
} as const;

const selectedByQuery: QueryParameter = {
  name: 'organization_name',
  required: true,
  description: "The organization's name, in any case and spacing. Other parameters are ignored.",
  schema: nameInQuery.querystring.properties.organization_name,
  example: 'acme corp',
};

const queryFails = { ...countedCallFails, invalid_value: faultOf('?organization_name', 'is required') } as const;

/** The calls of the reference API. */
export const organizationCalls: readonly Call[] = [
  {
    method: 'post',
    path: '/org/create',
    tag: 'Organizations',
    id: 'createOrganization',
    summary: 'Create an organization',
    description:
      'Creates an organization with its admin and its collection. Of two calls with one name, or one email, one wins, however close they are.',
    reference: true,
    body: {
      schema: schemaNamed('CreateOrganization'),
      examples: {
        create: {
          summary: 'An organization and its admin',
          value: { organization_name: 'Acme Corp', email: 'ada@acme.example', password: 'correct horse battery' },
        },
      },
    },
    success: {
      status: 201,
      description: 'The organization.',
      mediaType: 'application/json',
      schema: schemaNamed('Organization'),
      example: organization,
    },
    errors: {
      ...countedCallFails,
      ...bodyFails,
      organization_name_taken: undefined,
      email_taken: undefined,
      invalid_value: undefined,
      clusters_full: undefined,
      busy: tooManyHashes,
      stopping: undefined,
      storage_unavailable: undefined,
    },
  },
  {
    method: 'get',
    path: '/org/get',
    tag: 'Organizations',
    id: 'getOrganization',
    summary: 'Read an organization',
    description: 'Shows the organization of a name. No token is needed.',
    reference: true,
    query: [selectedByQuery],
    success: {
      status: 200,
      description: 'The organization.',
      mediaType: 'application/json',
      schema: schemaNamed('Organization'),
      example: organization,
    },
    errors: { ...queryFails, organization_not_found: undefined, storage_unavailable: undefined },
  },
  {
    method: 'put',
    path: '/org/update',
    tag: 'Organizations',
    id: 'updateOrganization',
    summary: 'Rename an organization, change its admin',
    description:
      "Changes the organization's name and its admin's email and password, all or nothing. What is absent or null stays. The collection keeps its name; tokens live on unless a password is given. The answer is `Cache-Control: no-store`.",
    reference: true,
    body: {
      schema: schemaNamed('UpdateOrganization'),
      examples: {
        rename: {
          summary: 'Another name',
          value: { organization_name: 'Acme Corp', new_organization_name: 'Acme Industries' },
        },
      },
    },
    success: {
      status: 200,
      description: 'The organization as it is now.',
      mediaType: 'application/json',
      schema: schemaNamed('Organization'),
      example: { ...organization, organization_name: 'Acme Industries' },
    },
    errors: {
      ...countedCallFails,
      ...bodyFails,
      organization_name_taken: undefined,
      email_taken: undefined,
      not_authenticated: undefined,
      forbidden: undefined,
      organization_not_found: undefined,
      invalid_value: faultOf('#/colour', 'is not a known member'),
      busy: tooManyHashes,
      stopping: undefined,
      storage_unavailable: undefined,
    },
  },
  {
    method: 'delete',
    path: '/org/delete',
    tag: 'Organizations',
    id: 'deleteOrganization',
    summary: 'Delete an organization',
    description:
      "Deletes the organization, its collection and its admin's account. Name and email are free at once, and the tokens are dead. A body is ignored. The answer is `Cache-Control: no-store`.",
    reference: true,
    query: [selectedByQuery],
    success: {
      status: 200,
      description: 'What was deleted.',
      mediaType: 'application/json',
      schema: schemaNamed('DeletedOrganization'),
      example: { message: "Organization 'Acme Corp' deleted successfully", deleted_collection: 'org_acme_corp' },
    },
    errors: {
      ...queryFails,
      not_authenticated: undefined,
      forbidden: { detail: 'Not authorized to delete this organization' },
      organization_not_found: undefined,
      busy: { detail: 'Others are changing the same organization; try again later' },
      storage_unavailable: undefined,
    },
  },
  {
    method: 'post',
    path: '/admin/login',
    tag: 'Log-in',
    id: 'logIn',
    summary: 'Log in as an admin',
    description:
      'Gives an access token for the organization that the email administers. A wrong answer takes as long whether the email is known or not. The answer is `Cache-Control: no-store`.',
    reference: true,
    body: {
      schema: schemaNamed('LogIn'),
      examples: {
        logIn: {
          summary: 'An admin',
          value: { email: 'ada@acme.example', password: 'correct horse battery' },
        },
      },
    },
    success: {
      status: 200,
      description: 'The token, valid for 30 minutes unless another time is set.',
      mediaType: 'application/json',
      schema: schemaNamed('AccessToken'),
      example: {
        access_token: 'eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJ0ZW5hbnRyeSJ9.c2ln',
        token_type: 'bearer',
      },
    },
    errors: {
      ...countedCallFails,
      ...bodyFails,
      invalid_credentials: undefined,
      invalid_value: undefined,
      busy: tooManyHashes,
      stopping: undefined,
      storage_unavailable: undefined,
    },
  },
];
