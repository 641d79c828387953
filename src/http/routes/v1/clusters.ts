import { describeClusters } from '../../../organizations/describe-clusters.ts';
import type { Tenancy } from '../../../organizations/tenancy.ts';
import type { Server } from '../../framework.ts';

/** The clusters of the installation. */
export function clustersRoutes(server: Server, tenancy: Tenancy): void {
  server.get('/v1/clusters', async () => ({ data: await describeClusters(tenancy) }));
}
