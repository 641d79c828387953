import type { Tenancy } from '../../../organizations/tenancy.ts';
import type { Server } from '../../framework.ts';

/** The clusters of the installation. */
export function clustersRoutes(server: Server, { places }: Tenancy): void {
  server.get('/v1/clusters', async () => ({ data: await places.describe() }));
}
