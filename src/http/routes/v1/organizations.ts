import { describeOrganization } from '../../../organizations/describe.ts';
import type { Tenancy } from '../../../organizations/tenancy.ts';
import { organizationOf } from '../../authentication.ts';
import { hasTag } from '../../etag.ts';
import type { Server } from '../../framework.ts';

/** The organizations of version 1 of the API, each by its id or its name. */
export function organizationsRoutesV1(server: Server, { records }: Tenancy): void {
  server.get('/v1/organizations/:organization', async (request, reply) => {
    const { details, revision } = await describeOrganization(records, organizationOf(request).id);
    const etag = `"${revision}"`;
    reply.header('etag', etag);
    return hasTag(request, etag) ? reply.code(304).send() : details;
  });

  server.get('/v1/organizations/:organization/placement', async (request) => {
    const { placement, collection_name } = organizationOf(request);
    const { level, cluster, database, epoch } = placement;
    return { level, cluster, database, collection_name, epoch };
  });
}
