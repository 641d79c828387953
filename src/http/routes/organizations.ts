import { createOrganization } from '../../organizations/create.ts';
import { deleteOrganization } from '../../organizations/delete.ts';
import { readOrganization } from '../../organizations/read.ts';
import type { Tenancy } from '../../organizations/tenancy.ts';
import { updateOrganization } from '../../organizations/update.ts';
import { limitKey } from '../address.ts';
import { callerOf } from '../authentication.ts';
import { bodyLimitOf } from '../body.ts';
import type { Server } from '../framework.ts';
import { originOf } from '../origin.ts';

/** A name that only selects. Its form is not looked at: one that nobody can have is found nowhere. */
const selectingName = { type: 'string', minLength: 1, maxLength: 1_024 } as const;

/** What selects an organization. */
export const nameInQuery = {
  querystring: {
    type: 'object',
    required: ['organization_name'],
    properties: { organization_name: selectingName },
  },
} as const;

/** What `POST /org/create` takes. The values' own rules are the feature's. */
export const createSchema = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['organization_name', 'email', 'password'],
    properties: { organization_name: { type: 'string' }, email: { type: 'string' }, password: { type: 'string' } },
  },
} as const;

/** What `PUT /org/update` takes. A member that is null counts as absent: Python clients send it. */
export const updateSchema = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['organization_name'],
    properties: {
      organization_name: selectingName,
      email: { type: ['string', 'null'] },
      password: { type: ['string', 'null'] },
      new_organization_name: { type: ['string', 'null'] },
    },
  },
} as const;

const config = { reference: true } as const;

/** The organizations of the reference API, under `/org/`. */
export function organizationsRoutes(server: Server, tenancy: Tenancy): void {
  const bodyLimit = bodyLimitOf(server);

  server.post('/org/create', { schema: createSchema, config, bodyLimit }, async (request, reply) => {
    const view = await createOrganization(tenancy, request.body, originOf(request), limitKey(request.ip));
    reply.code(201);
    return view;
  });

  server.get('/org/get', { schema: nameInQuery, config }, (request) =>
    readOrganization(tenancy, request.query.organization_name),
  );

  server.put('/org/update', { schema: updateSchema, config, bodyLimit }, (request) => {
    const { organization_name, email, password, new_organization_name } = request.body;
    return updateOrganization(
      tenancy,
      callerOf(request),
      {
        organization_name,
        email: email ?? undefined,
        password: password ?? undefined,
        new_organization_name: new_organization_name ?? undefined,
      },
      originOf(request),
    );
  });

  server.delete('/org/delete', { schema: nameInQuery, config }, async (request) => {
    const { name, collection_name } = await deleteOrganization(
      tenancy,
      callerOf(request),
      request.query.organization_name,
      originOf(request),
    );
    return { message: `Organization '${name}' deleted successfully`, deleted_collection: collection_name };
  });
}
