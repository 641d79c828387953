import { operator } from '../../../access/principal.ts';
import { once } from '../../../idempotency/once.ts';
import type { SealKeys } from '../../../identity/seal.ts';
import { createWithAdmin } from '../../../organizations/create.ts';
import { describeOrganization, detailsOf, type OrganizationDetails } from '../../../organizations/describe.ts';
import { type ListPosition, listOrganizations } from '../../../organizations/list.ts';
import type { Organization } from '../../../organizations/organization.ts';
import type { Tenancy } from '../../../organizations/tenancy.ts';
import { organizationOf } from '../../authentication.ts';
import { bodyLimitOf } from '../../body.ts';
import { hasTag } from '../../etag.ts';
import type { Server } from '../../framework.ts';
import { repeatable } from '../../idempotency.ts';
import { cursorAfter, pageParameters, positionOf, readLimit } from '../../paging.ts';

/** What `POST /v1/organizations` takes. The values' own rules are the feature's. */
export const createSchemaV1 = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'admin'],
    properties: {
      name: { type: 'string' },
      admin: {
        type: 'object',
        additionalProperties: false,
        required: ['email', 'password'],
        properties: { email: { type: 'string' }, password: { type: 'string' } },
      },
    },
  },
} as const;

/** What `GET /v1/organizations` takes. */
export const listSchema = {
  querystring: {
    type: 'object',
    properties: {
      name_prefix: { type: 'string', maxLength: 1_024 },
      status: { type: 'string', enum: ['creating', 'active', 'deleting', 'deleted'] },
      level: { type: 'string', enum: ['collection'] },
      cluster: { type: 'string', maxLength: 100 },
      ...pageParameters,
    },
  },
} as const;

const members = { organization_name: 'name', email: 'admin/email', password: 'admin/password' } as const;

/** The organizations of version 1 of the API; one is named by its id or its name. */
export function organizationsRoutesV1(server: Server, tenancy: Tenancy, keys: SealKeys): void {
  const { records } = tenancy;
  const bodyLimit = bodyLimitOf(server);

  server.post('/v1/organizations', { schema: createSchemaV1, bodyLimit }, async (request, reply) => {
    const { name, admin } = request.body;
    // Without the password, of which nothing may be kept that is guessed at faster than its hash.
    const asked = { name, email: admin.email };
    const details = await once<OrganizationDetails>(tenancy, repeatable(request, operator, asked), async (keep) => {
      const wanted = { organization_name: name, ...admin };
      const created = await createWithAdmin(tenancy, wanted, { members, also: (made) => keep(detailsOf(made)) });
      return detailsOf(created);
    });
    reply.code(201).header('location', `/v1/organizations/${details.id}`);
    return details;
  });

  server.get('/v1/organizations', { schema: listSchema }, async (request) => {
    const { limit: limitText, cursor, name_prefix: namePrefix, ...others } = request.query;
    const limit = readLimit(limitText);
    const filter = { namePrefix, ...others };
    const list = { name: 'organizations', filter };
    const after = await positionOf<ListPosition>(keys, list, cursor);
    const { organizations, next } = await listOrganizations(records, filter, { after, limit });
    return { data: organizations.map(summaryOf), next_cursor: cursorAfter(keys, list, next) };
  });

  server.get('/v1/organizations/:organization', async (request, reply) => {
    const { details, revision } = await describeOrganization(records, organizationOf(request).id);
    const etag = `"${revision}"`;
    reply.header('etag', etag);
    return hasTag(request, etag) ? reply.code(304).send() : details;
  });

  server.get('/v1/organizations/:organization/placement', async (request) => placementOf(organizationOf(request)));
}

function summaryOf(organization: Organization) {
  const { id, name, status, created_at, updated_at } = organization;
  return { id, name, status, placement: placementOf(organization), created_at, updated_at };
}

function placementOf({ collection_name, placement: { level, cluster, database, epoch } }: Organization) {
  return { level, cluster, database, collection_name, epoch };
}
