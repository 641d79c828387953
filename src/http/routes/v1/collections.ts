import type { FastifyRequest } from 'fastify';
import { type CollectionView, createCollection } from '../../../documents/create-collection.ts';
import { deleteCollection } from '../../../documents/delete-collection.ts';
import type { Target } from '../../../documents/in-collection.ts';
import { listCollections, readCollection } from '../../../documents/list-collections.ts';
import { countDocuments } from '../../../documents/read.ts';
import { readUsage } from '../../../documents/usage.ts';
import { once } from '../../../idempotency/once.ts';
import type { SealKeys } from '../../../identity/seal.ts';
import type { Tenancy } from '../../../organizations/tenancy.ts';
import { organizationOf, principalOf } from '../../authentication.ts';
import { bodyLimitOf } from '../../body.ts';
import type { Server } from '../../framework.ts';
import { repeatable } from '../../idempotency.ts';
import { originOf } from '../../origin.ts';
import { cursorAfter, pageParameters, positionOf, readLimit } from '../../paging.ts';

/** What `POST /v1/organizations/{organization}/collections` takes. */
export const createCollectionSchema = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['name'],
    properties: { name: { type: 'string' } },
  },
} as const;

const pageSchema = { querystring: { type: 'object', properties: pageParameters } } as const;

const path = '/v1/organizations/:organization/collections';

/** The collections of an organization. */
export function collectionsRoutes(server: Server, tenancy: Tenancy, keys: SealKeys): void {
  const { records } = tenancy;
  const bodyLimit = bodyLimitOf(server);

  server.post(path, { schema: createCollectionSchema, bodyLimit }, async (request, reply) => {
    const organization = organizationOf(request);
    const { name } = request.body;
    const repeat = await repeatable(request, principalOf(request), request.body);
    const created = await once<CollectionView>(tenancy, repeat, (keep) =>
      createCollection(tenancy, organization, name, originOf(request), keep),
    );
    reply.code(201).header('location', `/v1/organizations/${organization.id}/collections/${name}`);
    return created;
  });

  server.get(path, { schema: pageSchema }, async (request) => {
    const organization = organizationOf(request);
    const limit = readLimit(request.query.limit);
    const list = { name: `collections of ${organization.id}`, filter: {} };
    const after = await positionOf<{ name: string }>(keys, list, request.query.cursor);
    const all = await listCollections(records, organization);
    const rest = all.filter(({ name }) => after === undefined || name > after.name);
    const data = rest.slice(0, limit);
    const last = rest.length > limit ? data.at(-1) : undefined;
    return { data, next_cursor: cursorAfter(keys, list, last && { name: last.name }) };
  });

  server.get(`${path}/:collection`, (request) =>
    readCollection(records, organizationOf(request), targetOf(request).collection),
  );

  server.delete(`${path}/:collection`, async (request) => {
    const { name, erased = null } = await deleteCollection(
      tenancy,
      organizationOf(request),
      targetOf(request).collection,
      originOf(request),
    );
    return { name, erased };
  });

  server.get(`${path}/:collection/count`, { config: { recent: true } }, async (request) => ({
    documents: await countDocuments(tenancy, targetOf(request)),
  }));

  server.get('/v1/organizations/:organization/usage', (request) => readUsage(tenancy, organizationOf(request)));
}

/** The collection that a path names, of the organization that it names. */
export function targetOf(request: FastifyRequest): Target {
  const { collection } = request.params as { readonly collection: string };
  return { organization: organizationOf(request), collection, decidedAt: request.decidedAt };
}
