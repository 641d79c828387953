import { operator } from '../../../access/principal.ts';
import { mostCollections } from '../../../documents/list-collections.ts';
import { withinBound } from '../../../idempotency/bound-keys.ts';
import { type Keep, once } from '../../../idempotency/once.ts';
import type { SealKeys } from '../../../identity/seal.ts';
import { createWithAdmin } from '../../../organizations/create.ts';
import { deleteById } from '../../../organizations/delete.ts';
import { describeOrganization, detailsOf, type OrganizationDetails } from '../../../organizations/describe.ts';
import { type ListPosition, listOrganizations } from '../../../organizations/list.ts';
import type { Organization } from '../../../organizations/organization.ts';
import { setBounds } from '../../../organizations/set-bounds.ts';
import type { Tenancy } from '../../../organizations/tenancy.ts';
import { asTheyStand } from '../../../store/recent-records.ts';
import { organizationOf, principalOf, readsOf } from '../../authentication.ts';
import { bodyLimitOf } from '../../body.ts';
import { hasTag } from '../../etag.ts';
import type { Server } from '../../framework.ts';
import { repeatable } from '../../idempotency.ts';
import { originOf } from '../../origin.ts';
import { cursorAfter, pageParameters, positionOf, readLimit } from '../../paging.ts';

const levels = ['pooled', 'collection', 'database', 'cluster'] as const;

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
      placement: {
        type: 'object',
        additionalProperties: false,
        properties: { level: { type: 'string', enum: levels }, cluster: { type: 'string', maxLength: 100 } },
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
      level: { type: 'string', enum: levels },
      cluster: { type: 'string', maxLength: 100 },
      ...pageParameters,
    },
  },
} as const;

const bound = { type: ['integer', 'null'], minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;

/** What `PATCH /v1/organizations/{organization}` takes. */
export const changeSchema = {
  body: {
    type: 'object',
    additionalProperties: false,
    minProperties: 1,
    properties: {
      quotas: {
        type: 'object',
        additionalProperties: false,
        properties: { documents: bound, bytes: bound, collections: { ...bound, maximum: mostCollections } },
      },
      limits: {
        type: 'object',
        additionalProperties: false,
        properties: { calls_per_minute: { ...bound, minimum: 1, maximum: 1_000_000_000 } },
      },
    },
  },
} as const;

const members = { organization_name: 'name', email: 'admin/email', password: 'admin/password' } as const;

/** The organizations of version 1 of the API; one is named by its id or its name. */
export function organizationsRoutesV1(server: Server, tenancy: Tenancy, keys: SealKeys): void {
  const { records } = tenancy;
  const bodyLimit = bodyLimitOf(server);

  server.post('/v1/organizations', { schema: createSchemaV1, bodyLimit }, async (request, reply) => {
    const { name, admin, placement } = request.body;
    // Without the password, of which nothing may be kept that is guessed at faster than its hash.
    const asked = { name, email: admin.email, placement };
    const repeat = await repeatable(request, operator, asked);
    const create = async (keep: Keep<OrganizationDetails>) => {
      const wanted = { organization_name: name, ...admin };
      const created = await createWithAdmin(tenancy, wanted, originOf(request), {
        members,
        placement,
        also: (made) => keep(detailsOf(made)),
      });
      return detailsOf(created);
    };
    const details = await once<OrganizationDetails>(tenancy, repeat, (keep) =>
      repeat.key === undefined ? create(keep) : withinBound(tenancy, () => create(keep)),
    );
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

  server.get('/v1/organizations/:organization', { config: { recent: 'if told' } }, async (request, reply) => {
    const { details, revision } = await describeOrganization(readsOf(tenancy, request), organizationOf(request).id);
    const etag = `"${revision}"`;
    reply.header('etag', etag);
    return hasTag(request, etag) ? reply.code(304).send() : details;
  });

  server.patch('/v1/organizations/:organization', { schema: changeSchema, bodyLimit }, async (request) => {
    const { id } = organizationOf(request);
    await setBounds(tenancy, id, request.body, originOf(request));
    return (await describeOrganization(asTheyStand(records), id)).details;
  });

  server.delete('/v1/organizations/:organization', async (request) => {
    const { id } = organizationOf(request);
    const principal = principalOf(request);
    const caller = principal === operator ? undefined : principal;
    const { name, erased = null } = await deleteById(tenancy, id, { caller, origin: originOf(request) });
    return { id, name, erased };
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
